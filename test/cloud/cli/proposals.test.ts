import { describe, expect, it, jest } from "@jest/globals";
import { generateKey } from "../../../agent/trust/keys.js";
import type { ProposalItem } from "../../../cloud/cli/ask-proposals.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  enrolWith,
  eventually,
  NEW_VENDOR,
  type Enrolled,
} from "../../support/cloud/cloud.js";
import { CliCloud } from "../cli-cloud.js";
import { detection } from "../telemetry/items.js";
import { documentsIn } from "./operator.js";

jest.setTimeout(60_000);

describe("tourniquet-cloud", () => {
  it("shows what waits for a person, who decides, and that a rule is at its rate", async () => {
    const correlation = { ...NEW_VENDOR, maxPerMinute: 2 };
    await using cloud = await CliCloud.start({ correlation });
    const { run, url } = cloud;
    expect((await run("proposals")).out).toBe("no proposals are open\n");

    const seen = [
      "8.8.8.8",
      "1.1.1.1",
      "203.0.113.1",
      "203.0.113.2",
      "203.0.113.3",
    ];
    for (const org of ["one", "two"]) {
      await run("org", "add", org);
      const token = await run("token", "--org", org);
      const key = generateKey();
      const { body } = await enrolWith(url, token.out, key);
      const who = { ...(body as Omit<Enrolled, "key">), key };
      using agent = await TestAgent.connect({ url }, who);
      await agent.report(...seen.map((each) => detection(each)));
    }
    const { err } = await eventually(async () => {
      const answer = await run("decisions");
      return answer.err === "" ? undefined : answer;
    });
    expect(err).toMatch(
      /^ALARM: since .* rules want to ban more than 2 a minute, and 1 attacker waits; most bans were on the word of (one|two) \(2\)/,
    );
    const shown = (await run("proposals")).out;
    expect(shown).toContain("many share it (publicResolvers)");

    const json = await run("proposals", "--json");
    const [newer, older] = documentsIn<ProposalItem>(json.out);
    const released = await run(
      "proposals",
      "release",
      older!.id,
      "--for",
      "1h",
    );
    expect(released.out).toMatch(/^released prp-\w+ \(dec-/);
    expect((await run("proposals", "refuse", newer!.id)).code).toBe(2);
    const why = ["--reason", "no attacker", "--wrong"];
    const refused = await run("proposals", "refuse", newer!.id, ...why);
    expect(refused.out).toMatch(/^refused prp-\w+: nothing was done\n$/);
    const again = await run("proposals", "refuse", newer!.id, ...why);
    expect(again.code).toBe(2);
    expect(again.err).toContain("was refused by admin already");
    const all = (await run("proposals", "--all")).out;
    expect(all).toContain("released by admin");
    expect(all).toContain("refused as wrong by admin");
  });
});
