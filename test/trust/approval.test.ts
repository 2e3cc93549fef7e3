import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { covers, parseCidr } from "../../agent/model/cidr.js";
import { limits } from "../../agent/protocol/limits.js";
import { wire1 } from "../../agent/protocol/wire.js";
import { TrustedApproval } from "../../agent/trust/approval.js";
import { signText } from "../../agent/trust/sign.js";
import { cidrs } from "../protocol/arbitraries.js";
import {
  reputationApproval,
  signApproval,
} from "../protocol/vectors/documents.js";
import { HOUR_MS, NOW, keys, trusted } from "../support/vectors.js";

const open = (fields: object = {}) =>
  TrustedApproval.open(
    signApproval({ ...reputationApproval, ...fields }),
    trusted(),
    ["reputation"],
  );
const wide = parseCidr("198.16.0.0/15");

describe("an approval", () => {
  it.each([
    ["the range", "198.16.0.0/15", true],
    ["a range within", "198.17.0.0/16", true],
    ["a range around", "198.16.0.0/14", false],
    ["another range", "198.18.0.0/15", false],
    ["the like over IPv6", "2a00::/30", true],
    ["another one over IPv6", "2a08::/29", false],
  ])("allows %s or does not", (_, range, allowed) => {
    expect(open().allows(parseCidr(range), "canary", NOW)).toBe(allowed);
  });

  it("allows exactly what lies within one of its ranges", () => {
    const ranges = reputationApproval.rollouts[0].ranges.map(parseCidr);
    const approval = open();
    fc.assert(
      fc.property(cidrs, (cidr) => {
        const within = ranges.some((range) => covers(range, cidr));
        expect(approval.names(cidr)).toBe(within);
      }),
    );
  });

  it("comes to each ring at its time, and ends for all", () => {
    const approval = open();
    const at = (hours: number) => NOW + hours * HOUR_MS;
    expect(approval.allows(wide, "all", at(4) - 1)).toBe(false);
    expect(approval.allows(wide, "all", at(4))).toBe(true);
    expect(approval.allows(wide, "early", at(1))).toBe(true);
    expect(approval.allows(wide, "broad", at(1))).toBe(false);
    expect(approval.allows(wide, "canary", at(365 * 24) + 1)).toBe(false);
    const told = [0, 1, 4, 366 * 24].map((h) =>
      approval.standing("all", at(h)),
    );
    expect(new Set(told).size).toBe(3);
  });

  it("takes the place of an older one, and of no other", () => {
    const held = open({ version: 2 });
    const against = (fields: object) => () =>
      open(fields).mustReplace(held, NOW);
    expect(against({ version: 3 })).not.toThrow();
    expect(against({ version: 1 })).toThrow("replayed");
    expect(against({ version: 2 })).toThrow("replayed");
    expect(against({ version: 2, rollouts: [] })).toThrow("forked");
    expect(against({ version: 3, expiresAt: NOW - 1 })).toThrow("expired");
  });

  it("counts by the critical keys alone", () => {
    const by = signText("approval", reputationApproval, [
      keys.contentA,
      keys.rootA,
    ]);
    expect(() => TrustedApproval.open(by, trusted(), ["reputation"])).toThrow(
      "0 of 1 needed signatures for critical",
    );
  });

  it("fits a text frame with as much in it as may be", () => {
    const [{ notBefore }] = reputationApproval.rollouts;
    const range = (n: number) =>
      `2001:db8:ffff:ffff:ffff:ffff:ffff:${(0xffff - n).toString(16)}`;
    const all = Array.from({ length: limits.approvalRanges }, (_, n) =>
      range(n),
    );
    const last = all.splice(0, all.length - limits.approvalRollouts + 1);
    const rollouts = [last, ...all.map((each) => [each])].map((ranges) => ({
      notBefore,
      ranges,
    }));
    const approval = signApproval({ ...reputationApproval, rollouts });
    const signatures = Array.from({ length: 8 }, () => approval.signatures[0]!);
    const message = wire1.write({
      type: "approval",
      approval: { ...approval, signatures },
    });
    expect(rollouts).toHaveLength(limits.approvalRollouts);
    expect(Buffer.byteLength(message)).toBeLessThan(limits.textBytes);
    expect(open({ rollouts }).size).toBe(limits.approvalRanges);
  });
});
