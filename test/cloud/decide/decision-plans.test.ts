import { describe, expect, it } from "@jest/globals";
import { DecisionLog } from "../../../cloud/decide/decision-log.js";
import { UndoLog } from "../../../cloud/decide/undo-log.js";
import { planOf, watched } from "../../support/cloud/asked.js";
import { Stage } from "../two-persons/stage.js";

describe("the decisions of one feed", () => {
  it("are found without a look at those of others", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open();
    const database = cloud.views.decided;
    const texts: string[] = [];
    const seen = watched(database, (text) => texts.push(text));
    const log = new DecisionLog(seen);
    const whose = { by: undefined, feed: "org/small", org: undefined } as const;
    log.decisions({ ...whose, limit: 10, before: undefined });
    log.decisions({ ...whose, limit: 10, before: 7 });
    log.count(whose);
    new UndoLog(seen).placedAfter("org/small", 0, 10);
    expect(texts).toHaveLength(4);
    const named = { feed: "org/small", before: 7, limit: 10 };
    const values = { ...named, by: null, own: null, everybodys: "[]" };
    for (const text of texts) {
      const asked = text.includes("@feed") ? [values] : ["org/small", 0, 10];
      const details = planOf(database, text, asked);
      expect(details[0]).toMatch(/^SEARCH decisions USING .*\(feed=\?/);
      expect(details.join("\n")).not.toMatch(/SCAN decisions|TEMP B-TREE/);
    }
  });
});
