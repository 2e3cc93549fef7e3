import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { LONGEST_REASON } from "../../../agent/model/ban.js";
import { builtIn } from "../../../cloud/rules/rule-set.js";
import {
  judge,
  type Verdict,
  type Weigh,
} from "../../../cloud/rules/verdict.js";
import type { Evidence } from "../../../cloud/telemetry/evidence.js";

const NOW = 1_000_000;
const ORGS = { orgs: 2, hosts: 0, windowMs: 60_000 };
const HOSTS = { orgs: 0, hosts: 2, windowMs: 60_000 };

const everyone = (orgs: ReadonlySet<string>) =>
  new Map([...orgs].map((org) => [org, { weight: 1 }]));

/** As the rules do that the settings say, the first that has seen enough. */
function correlate(
  evidence: readonly Evidence[],
  threshold: { orgs: number; hosts: number; windowMs: number },
  now: number,
  weigh: Weigh,
): Verdict | undefined {
  return builtIn({ ...threshold, banForS: 3_600 })
    .map((rule) => judge(rule, evidence, now, weigh))
    .find((verdict) => verdict !== undefined);
}

describe("the rules that settings say", () => {
  it.each([
    ["nothing", [], ORGS, undefined],
    ["one org", [of("a/1")], ORGS, undefined],
    [
      "one org with many hosts",
      [of("a/1"), of("a/2"), of("a/3")],
      ORGS,
      undefined,
    ],
    ["two orgs", [of("a/1"), of("b/2")], ORGS, "several-orgs"],
    [
      "two orgs, one too early",
      [of("a/1", -60_000), of("b/2")],
      ORGS,
      undefined,
    ],
    [
      "two orgs, just in time",
      [of("a/1", -59_999), of("b/2")],
      ORGS,
      "several-orgs",
    ],
    [
      "two orgs, one from the future",
      [of("a/1", 1), of("b/2")],
      ORGS,
      undefined,
    ],
    ["one host twice", [of("a/1"), of("a/1")], HOSTS, undefined],
    ["two hosts of one org", [of("a/1"), of("a/2")], HOSTS, "several-hosts"],
    [
      "two orgs, with both rules",
      [of("a/1"), of("b/2")],
      { ...ORGS, hosts: 2 },
      "several-orgs",
    ],
    ["both rules off", [of("a/1"), of("b/2")], { ...ORGS, orgs: 0 }, undefined],
  ] as const)("%s", (_, evidence, threshold, rule) => {
    expect(correlate(evidence, threshold, NOW, everyone)?.rule).toBe(rule);
  });

  it("says what it saw, in counts and without names", () => {
    const evidence = [of("acme/1"), of("acme/2", -5), of("other/3")];
    expect(correlate(evidence, ORGS, NOW, everyone)?.reason).toBe(
      "seen by 2 orgs on 3 hosts within 1 min: 15 failures (sshd)",
    );
  });

  it("lets no agent write into what everybody reads", () => {
    const sensor = "see http://evil.example";
    const evidence = [{ ...of("a/1"), sensor }, of("b/2")];
    expect(correlate(evidence, ORGS, NOW, everyone)?.reason).toMatch(
      /failures \(sshd\)$/,
    );
  });

  it("links the newest evidence of each host", () => {
    const evidence = [
      { ...of("a/1"), seq: 7 },
      { ...of("b/2"), seq: 5 },
      { ...of("a/1"), seq: 9 },
    ];
    expect(correlate(evidence, ORGS, NOW, everyone)?.evidence).toEqual([5, 9]);
  });

  it("does not depend on the order of the evidence", () => {
    const shuffled = fc
      .array(EVIDENCE, { maxLength: 30 })
      .chain((all) =>
        fc.tuple(
          fc.constant(all),
          fc.shuffledSubarray(all, { minLength: all.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, fc.boolean(), ([all, other], hosts) => {
        const threshold = hosts ? { ...HOSTS, hosts: 3 } : ORGS;
        expect(correlate(other, threshold, NOW, everyone)).toEqual(
          correlate(all, threshold, NOW, everyone),
        );
      }),
    );
  });

  it("never decides on what one org says, whatever it says", () => {
    fc.assert(
      fc.property(fc.array(EVIDENCE), (all) => {
        const own = all.map((each) => ({ ...each, org: "a" }));
        expect(correlate(own, ORGS, NOW, everyone)).toBeUndefined();
      }),
    );
  });

  it("gives a reason that fits a ban, and evidence in bounds", () => {
    fc.assert(
      fc.property(fc.array(EVIDENCE, { minLength: 60 }), (all) => {
        const verdict = correlate(all, { ...ORGS, orgs: 1 }, NOW, everyone);
        const bytes = Buffer.byteLength(verdict?.reason ?? "");
        expect(bytes).toBeLessThanOrEqual(LONGEST_REASON);
        expect(verdict?.evidence.length ?? 0).toBeLessThanOrEqual(64);
      }),
    );
  });
});

const EVIDENCE = fc.record<Evidence>({
  seq: fc.integer({ min: 1, max: 500 }),
  agent: fc.integer({ min: 1, max: 200 }).map((n) => `agt-${n}`),
  org: fc.constantFrom("a", "b", "c"),
  time: fc.integer({ min: NOW - 70_000, max: NOW + 10 }),
  failures: fc.integer({ min: 1, max: 1_000_000 }),
  sensor: fc.oneof(fc.constantFrom("sshd", "nginx", "vsftpd"), fc.string()),
});

/** Five failures that a host of an org saw, as "org/agent". */
function of(who: string, ago = 0): Evidence {
  const [org = "", agent = ""] = who.split("/");
  const time = NOW + ago;
  return { seq: 1, agent, org, time, failures: 5, sensor: "sshd" };
}
