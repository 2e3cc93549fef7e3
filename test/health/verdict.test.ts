import { describe, expect, it, test } from "@jest/globals";
import {
  isWideRelease,
  sentenceOf,
  verdictOf,
  type VerdictFacts,
} from "../../agent/health/verdict.js";
import { parseCidr } from "../../agent/model/cidr.js";

const UNTIL = Date.UTC(2026, 11, 5) / 1_000;

const well: VerdictFacts = {
  kernel: { at: "ours", revision: 7, mode: "enforce", behindMs: 0 },
  ledger: { revision: 7, mode: "enforce" },
  pausedUntil: undefined,
  safeMode: false,
  unproven: undefined,
  bans: 131_420,
  withheld: undefined,
  releases: [],
  storage: { state: "ok", untilRestart: [] },
};

const told = (facts: Partial<VerdictFacts>) => {
  const verdict = verdictOf({ ...well, ...facts });
  return { does: verdict.does, text: sentenceOf(verdict) };
};

const released = (...ranges: readonly string[]) =>
  ranges.map((range) => ({ cidr: parseCidr(range), until: UNTIL }));

const observes = { revision: 7, mode: "observe" } as const;

describe("the verdict", () => {
  it("counts what is enforced", () => {
    expect(told({})).toEqual({
      ...{ does: "enforcing", text: "enforcing 131,420 bans" },
    });
    expect(told({ bans: 1 }).text).toBe("enforcing 1 ban");
  });

  test.each<[string, Partial<VerdictFacts>, string, RegExp]>([
    ["no table of ours", { kernel: { at: "absent" } }, "not", /^NOT ENFORC/],
    ["another ledger's", { kernel: { at: "foreign" } }, "not", /^NOT ENFORC/],
    [
      "a kernel that can't be read",
      { kernel: { at: "unreadable", why: "EPERM" } },
      ...(["not", /cannot be read: EPERM/] as const),
    ],
    [
      "a kernel in another mode",
      { kernel: { at: "ours", behindMs: 0, ...observes } },
      ...(["not", /is to enforce and does not/] as const),
    ],
    ["packets that pass", { unproven: "one" }, "not", /^NOT PROVEN: one/],
    ["safe mode", { safeMode: true }, "degraded", /^SAFE MODE/],
    [
      "a rollback to nothing",
      { bans: 0, withheld: { ranges: 131_073, to: 0, until: UNTIL } },
      "not",
      /^ROLLED BACK to revision 0 until 2026-12-05T00:00:00Z: 131,073 ranges withheld, nothing is dropped/,
    ],
    [
      "a rollback of some",
      { bans: 9, withheld: { ranges: 1, to: 3, until: UNTIL } },
      ...(["degraded", /1 range withheld, 9 in force/] as const),
    ],
    [
      "a release of everything",
      { releases: released("0.0.0.0/0") },
      ...(["not", /^RELEASED: 0\.0\.0\.0\/0 until 2026-12-05/] as const),
    ],
    [
      "a release of everything in two halves",
      { releases: released("::/1", "8000::/1") },
      ...(["not", /^RELEASED: ::\/1 and 1 more/] as const),
    ],
    [
      "a wide release",
      { releases: released("10.0.0.0/7") },
      ...(["degraded", /^RELEASED: 10\.0\.0\.0\/7/] as const),
    ],
    [
      "a full disk",
      { storage: { state: "full", untilRestart: [] } },
      ...(["degraded", /^DISK FULL: 131,420 bans in force/] as const),
    ],
    [
      "a disk with nothing but the reserve",
      { storage: { state: "reserve", untilRestart: [] } },
      ...(["degraded", /^DISK NEARLY FULL/] as const),
    ],
  ])("with %s says so", (_, facts, does, text) => {
    expect(told(facts)).toEqual({
      does,
      text: expect.stringMatching(text),
    });
  });

  it("calls a host by what its operator wants of it", () => {
    const observing = {
      kernel: { at: "ours", behindMs: 0, ...observes },
      ledger: observes,
    } as const;
    expect(told(observing).text).toBe("OBSERVING, nothing is dropped");
    expect(told({ ...observing, pausedUntil: UNTIL }).text).toBe(
      "PAUSED until 2026-12-05T00:00:00Z, nothing is dropped",
    );
  });

  it("believes a kernel that observes for want of room in the ledger", () => {
    const storage = { state: "full", untilRestart: ["observe"] } as const;
    const kernel = { at: "ours", behindMs: 0, ...observes } as const;
    const { does, findings } = verdictOf({ ...well, kernel, storage });
    expect(does).toBe("not");
    expect(findings.map(({ kind }) => kind)).toEqual([
      ...["observing", "disk-full", "until-restart"],
    ]);
  });

  it("tells a kernel that catches up from one that stands still", () => {
    const kernel = { at: "ours", revision: 3, mode: "enforce" } as const;
    const after = (behindMs: number) =>
      told({ kernel: { ...kernel, behindMs } }).does;
    expect([after(0), after(14_999), after(15_000)]).toEqual([
      ...["enforcing", "enforcing", "degraded"],
    ]);
  });

  it("says the gravest first, and the rest behind it", () => {
    const { findings } = verdictOf({
      ...{ ...well, safeMode: true, kernel: { at: "absent" } },
      releases: released("0.0.0.0/0"),
    });
    expect(findings.map(({ does }) => does)).toEqual([
      ...["not", "not", "degraded"],
    ]);
  });

  it("leaves a host alone whose operator released some addresses", () => {
    const releases = released("203.0.113.0/24", "10.0.0.0/8", "10.1.0.0/16");
    expect(told({ releases: releases.slice(1) }).does).toBe("enforcing");
    // Together they are more than one may be without a word.
    expect(told({ releases }).does).toBe("degraded");
  });

  it.each([
    ["0.0.0.0/0", true],
    ["128.0.0.0/7", true],
    ["10.0.0.0/8", false],
    ["2000::/15", true],
    ["2001::/16", false],
  ])("a release of %s is wide: %s", (range, wide) => {
    expect(isWideRelease(parseCidr(range))).toBe(wide);
  });
});
