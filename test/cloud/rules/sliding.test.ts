import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Sliding } from "../../../cloud/rules/sliding.js";
import { NOT_SPREAD, type Rule } from "../../../cloud/rules/rule-set.js";
import { judge, type Weigh } from "../../../cloud/rules/verdict.js";
import type { Evidence } from "../../../cloud/telemetry/evidence.js";

const WEIGHTS = new Map(Object.entries({ a: 1, b: 0.5, c: 0.4, d: 0 }));

const weigh: Weigh = (orgs) =>
  new Map([...orgs].map((org) => [org, { weight: WEIGHTS.get(org) ?? 0 }]));

describe("what a rule sees as time goes by", () => {
  it("is judged as a look at all of it would", () => {
    fc.assert(
      fc.property(rules, fc.array(steps, { maxLength: 60 }), (rule, came) => {
        const sliding = new Sliding(rule, weigh);
        const seen: Evidence[] = [];
        let now = 1_000_000;
        for (const [seq, step] of came.entries()) {
          now += step.later;
          const [org = "", agent = ""] = step.who.split("/");
          const time = now - step.ago;
          const { failures, sensor, isSpent } = step;
          const one = { seq, org, agent, time, failures, sensor };
          seen.push(one);
          sliding.add(one, now);
          const told = judge(rule, seen, now, weigh);
          expect(sliding.verdict(now)).toEqual(told);
          if (!isSpent) continue;
          sliding.clear();
          seen.length = 0;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("asks what orgs weigh when there are others, and not each time", () => {
    const asked: string[] = [];
    const sliding = new Sliding(ruleOf({ orgs: 2 }), (orgs) => {
      asked.push([...orgs].join(" "));
      return weigh(orgs);
    });
    const add = (org: string, seq: number) => {
      const what = { time: seq, failures: 1, sensor: "sshd" };
      sliding.add({ seq, org, agent: `${org}/1`, ...what }, seq);
      return sliding.verdict(seq);
    };
    for (let n = 1; n < 10; n++) add(n % 2 === 0 ? "c" : "d", n);
    expect(asked).toEqual(["d c"]);
  });
});

const ruleOf = (needs: Partial<Rule["needs"]>, more: Partial<Rule> = {}) => ({
  ...{ name: "mine", why: "", windowMs: 1_000, counts: "orgs" as const },
  sees: { sensors: undefined, lists: undefined, bannedBefore: undefined },
  needs: {
    ...{ weight: 0, orgs: 0, hosts: 0, failures: 0, spread: NOT_SPREAD },
    ...needs,
  },
  ...{ ban: { forS: 60, growing: undefined }, confidence: 0.99 },
  ...more,
});

const few = fc.nat({ max: 3 });

const rules = fc
  .record({
    counts: fc.constantFrom("orgs" as const, "every-host" as const),
    sensors: fc.constantFrom(undefined, ["sshd"]),
    ...{ orgs: few, hosts: few, failures: fc.nat({ max: 12 }) },
    weight: fc.constantFrom(0, 1, 1.5, 1.9),
    spread: fc.constantFrom(
      NOT_SPREAD,
      { active: 2, of: 3 },
      { active: 3, of: 7 },
    ),
  })
  .map(({ counts, sensors, orgs, weight, ...needs }) => {
    const ofOrgs = counts === "orgs" ? { orgs, weight } : {};
    const sees = { sensors, lists: undefined, bannedBefore: undefined };
    return ruleOf({ ...needs, ...ofOrgs }, { counts, sees });
  });

const steps = fc.record({
  later: fc.constantFrom(0, 1, 100, 143, 333, 900),
  ago: fc.constantFrom(0, 0, 0, 50, 400, 1_000),
  who: fc.constantFrom("a/1", "a/2", "b/3", "c/4", "d/5", "d/6"),
  failures: fc.nat({ max: 4 }),
  sensor: fc.constantFrom("sshd", "sshd", "other"),
  isSpent: fc.constantFrom(false, false, false, false, true),
});
