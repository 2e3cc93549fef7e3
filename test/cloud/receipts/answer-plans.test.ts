import { describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import { Hearing } from "../../../cloud/receipts/hearing.js";
import { boundsOf } from "../../../cloud/telemetry/remote.js";
import { Statements } from "../../../cloud/telemetry/statements.js";
import { Telemetry } from "../../../cloud/telemetry/telemetry.js";
import { planOf, watched } from "../../support/cloud/asked.js";
import { Stage } from "../two-persons/stage.js";

const AGENT = "agt-1";
const FEED = "urgent";

describe("what a host refused, took back, and how its trials ended", () => {
  it("is found without a look at what others said", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open();
    const database = cloud.views.observed;
    const texts: string[] = [];
    const seen = watched(database, (text) => texts.push(text));
    new Hearing(seen).refused(AGENT, FEED);
    new Telemetry(seen).takenBack(AGENT, 0);
    const tried = { agent: AGENT, feed: FEED, after: 0 } as const;
    new Statements(seen).trialEnds({ ...tried, revisions: [1] });

    const named = { ...tried, revisions: "[1]" };
    const asked = [[AGENT, FEED], [AGENT, 0], [named]];
    const plans = texts.map((text, i) =>
      planOf(database, text, asked[i] ?? []),
    );
    expect(plans.map(([first]) => first)).toEqual([
      "SEARCH refusals USING INDEX refusals_by_agent (agent=? AND feed=?)",
      expect.stringContaining("taken_back_by_agent (agent=? AND seq>?)"),
      expect.stringContaining(
        "statements_of_changes (agent=? AND feed=? AND revision=?",
      ),
    ]);
  });

  it("counts who called an attacker by what was called", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open();
    const database = cloud.views.observed;
    const texts: string[] = [];
    const seen = watched(database, (text) => texts.push(text));
    const range = parseCidr("203.0.113.7");
    expect(new Telemetry(seen).callers(range)).toBe(0);
    const plan = planOf(database, texts[0] ?? "", [boundsOf(range)]);
    expect(plan.join()).toMatch(/contacts_by_address \(family=\? AND address>/);
  });
});
