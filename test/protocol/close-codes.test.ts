import { describe, expect, it } from "@jest/globals";
import {
  closeCodes,
  mayComeBackSoon,
} from "../../agent/protocol/close-codes.js";

describe("a close code", () => {
  it("is used once", () => {
    const codes = Object.values(closeCodes);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it("is one that applications may use", () => {
    for (const code of Object.values(closeCodes)) {
      expect(code).toBeGreaterThanOrEqual(4_000);
      expect(code).toBeLessThan(4_500);
    }
  });

  it.each([
    ["a restart", closeCodes["shutting-down"], true],
    ["a second connection", closeCodes.superseded, true],
    ["silence", closeCodes.silent, true],
    ["too many requests", closeCodes["too-many-requests"], true],
    ["slowness", closeCodes["too-slow"], true],
    ["a failure of the cloud", closeCodes.failed, true],
    ["a message that was not understood", closeCodes["bad-message"], false],
    ["an unknown identity", closeCodes.unauthenticated, false],
    ["a revoked identity", closeCodes.revoked, false],
    ["another version", closeCodes["unsupported-version"], false],
    ["a connection that broke", 1006, true],
    ["a normal end", 1000, true],
    ["a code of a later version", 4_399, true],
    ["a refusal of a later version", 4_499, false],
    ["what is nobody's", 4_500, true],
  ])("after %s (%d) says whether to come back soon", (_, code, soon) => {
    expect(mayComeBackSoon(code)).toBe(soon);
  });
});
