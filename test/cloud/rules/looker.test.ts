import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import {
  Rule as Deciding,
  type RulePorts,
} from "../../../cloud/decide/rule.js";
import { SharesNow } from "../../../cloud/decide/shares.js";
import { Turns } from "../../../cloud/rate/turns.js";
import { Looker, type Match } from "../../../cloud/rules/looker.js";
import { readRules } from "../../../cloud/rules/read-rules.js";
import type { Rule } from "../../../cloud/rules/rule-set.js";
import { turnsDuring } from "../../support/time/turns.js";
import { rule } from "./asking.js";

const DAY = 24 * 3_600_000;
const ATTACKER = "203.0.113.7";

const [ONE] = readRules(rule("orgs: 2"));
const RULES = [ONE!, { ...ONE!, name: "another", windowMs: DAY / 2 }];

describe("a look at an attacker", () => {
  it("reads once what was seen, for all rules and those in the shadow", async () => {
    const { looker, asked } = lookerOn(true);
    const sight = looker.sight(ATTACKER, DAY);
    expect(await all(sight.matches(RULES, 0))).toHaveLength(2);
    expect(await all(sight.matches(RULES, 0))).toHaveLength(2);
    expect(await all(sight.matches(RULES, 1))).toHaveLength(0);
    expect(asked).toEqual([0]);
  });

  it("reads nothing where too few ever saw it", async () => {
    const { looker, asked } = lookerOn(false);
    expect(await all(looker.sight(ATTACKER, DAY).matches(RULES, 0))).toEqual(
      [],
    );
    expect(asked).toEqual([]);
  });

  it("reads nothing where there are no rules, whoever saw it", async () => {
    const { looker, asked } = lookerOn(true);
    expect(await all(looker.sight(ATTACKER, DAY).matches([], 0))).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("asks once what covers it already, however many rules match", async () => {
    let covered = 0;
    const deciding = decidingWith({
      coveredUntil: () => {
        covered += 1;
        return Promise.resolve(Number.MAX_SAFE_INTEGER);
      },
    });
    const { looker } = lookerOn(true);
    const outcome = await deciding.lookAt(looker.sight(ATTACKER, DAY));
    expect([outcome.what, covered]).toEqual(["nothing", 1]);
  });

  it.each(["lets the attacker go", "publishes other rules"])(
    "decides nothing where somebody %s meanwhile",
    async (what) => {
      let after = 0;
      let version = 1;
      const deciding = decidingWith({
        book: { inForce: () => ({ ...ABOUT, version, rules: RULES }) },
        spent: { spentThrough: () => after },
        coveredUntil: async () => {
          await systemClock.sleep(1);
          if (what === "publishes other rules") version += 1;
          else after += 1;
          return 0;
        },
      });
      const { looker } = lookerOn(true);
      const outcome = await deciding.lookAt(looker.sight(ATTACKER, DAY));
      expect(outcome.what).toBe("outdated");
    },
  );

  it("lets all else go on between rules that take long", async () => {
    const { looker, passed } = lookerOn(true);
    const sight = looker.sight(ATTACKER, DAY);
    const many = Array.from({ length: 64 }, (): Rule => RULES[0]!);
    const turns = await turnsDuring(async () => {
      for await (const match of sight.matches(many, 0)) passed(match);
    });
    expect(turns).toBeGreaterThanOrEqual(many.length - 1);
  });
});

/** Whoever is banned by it fails the test. */
function decidingWith(more: Partial<RulePorts>): Deciding {
  const none = (): never => {
    throw new Error("nobody is banned here");
  };
  return new Deciding({
    ...{ clock: systemClock, log: silentLogger },
    book: { inForce: () => ({ ...ABOUT, rules: RULES }) },
    spent: { spentThrough: () => 0 },
    shares: { now: () => new SharesNow(60, new Map()) },
    never: { exempts: () => undefined },
    vetoes: { on: none },
    proposals: { isSettling: () => false, propose: none },
    deeds: { ban: none },
    coveredUntil: () => Promise.resolve(0),
    ...more,
  });
}

const ABOUT = { version: 0, by: null, at: null, text: "" };

async function all(matches: AsyncIterable<Match>): Promise<readonly Match[]> {
  const found: Match[] = [];
  for await (const match of matches) found.push(match);
  return found;
}

/** Two orgs saw the attacker in the first observation. */
function lookerOn(areThere: boolean) {
  const asked: number[] = [];
  let ticks = 0;
  const looker = new Looker({
    clock: systemClock,
    turns: new Turns({ monotonic: () => ticks }),
    weights: {
      of: (orgs) => new Map([...orgs].map((org) => [org, { weight: 1 }])),
    },
    earlier: { count: () => 0 },
    listed: () => Promise.resolve([]),
    evidence: {
      areThere: () => areThere,
      of: ({ after }) => {
        asked.push(after);
        const time = Date.now() - 1_000;
        const what = { seq: 1, time, failures: 1, sensor: "sshd" };
        const seen = ["a", "b"].map((org) => ({ ...what, org, agent: org }));
        return Promise.resolve(seen);
      },
    },
  });
  return { looker, asked, passed: (_: Match) => void (ticks += 10) };
}
