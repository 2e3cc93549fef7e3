import { describe, expect, it } from "@jest/globals";
import type { RulesPublished } from "../../../cloud/journal/rule-events.js";
import { worthOfDecisions } from "../../../cloud/journal/worth.js";

const published = (mode: RulesPublished["mode"]): RulesPublished => ({
  ...{ kind: "rules-published", version: 1, text: "", mode, by: "ada" },
});

describe("what is written down", () => {
  it("has the disk's reserve for rules that decide, not for those watched", () => {
    expect(worthOfDecisions([published("in-force")])).toBe("orders");
    expect(worthOfDecisions([published("shadow")])).toBe("answers");
  });
});
