import { describe, expect, it } from "@jest/globals";
import { readRules } from "../../../cloud/rules/read-rules.js";
import { lifeOf, type Rule } from "../../../cloud/rules/rule-set.js";
import { judge, weighOnce } from "../../../cloud/rules/verdict.js";
import type { Word } from "../../../cloud/rules/witnesses.js";
import type { Evidence } from "../../../cloud/telemetry/evidence.js";

const NOW = 10_000_000;

/** One rule that needs this. */
function needing(needs: string, more = ""): Rule {
  const [rule] = readRules(
    `version: 1\nrules:\n  - { name: a, within: 60m, needs: { ${needs} }, ban: { for: 1h }${more} }\n`,
  );
  if (rule === undefined) throw new Error("there is one");
  return rule;
}

/** So many failures on a host of an org, as "org/agent". */
function seen(who: string, more: Partial<Evidence> = {}): Evidence {
  const [org = "", agent = ""] = who.split("/");
  const usual = { seq: 1, time: NOW - 1_000, failures: 5, sensor: "sshd" };
  return { agent, org, ...usual, ...more };
}

const weighing = (weights: Readonly<Record<string, number>>) => () =>
  new Map(Object.entries(weights).map(([org, weight]) => [org, { weight }]));

describe("a rule", () => {
  it("sums up what orgs weigh", () => {
    const rule = needing("weight: 1.5");
    const evidence = [seen("a/1"), seen("b/2"), seen("c/3")];
    const half = weighing({ a: 0.5, b: 0.5, c: 0.5 });
    expect(judge(rule, evidence, NOW, half)?.orgs).toEqual(["a", "b", "c"]);
    const less = weighing({ a: 0.5, b: 0.5, c: 0.4 });
    expect(judge(rule, evidence, NOW, less)).toBeUndefined();
  });

  it("adds up tenths to what they come to", () => {
    const rule = needing("weight: 1.1");
    const names = Array.from({ length: 11 }, (_, n) => `o${n}`);
    const evidence = names.map((org) => seen(`${org}/${org}`));
    const tenths = weighing(Object.fromEntries(names.map((org) => [org, 0.1])));
    expect(judge(rule, evidence, NOW, tenths)).toBeDefined();
  });

  it("takes orgs that weigh little for none, where it needs so many", () => {
    const rule = needing("orgs: 2");
    const evidence = [seen("a/1"), seen("b/2"), seen("c/3")];
    const puppets = weighing({ a: 1, b: 0.49, c: 0.49 });
    expect(judge(rule, evidence, NOW, puppets)).toBeUndefined();
    const two = weighing({ a: 1, b: 0.5, c: 0 });
    expect(judge(rule, evidence, NOW, two)?.orgs).toEqual(["a", "b"]);
  });

  it("has who came in a batch weigh as the heaviest, with the hosts of all", () => {
    const rule = needing("weight: 2, hosts: 4");
    const evidence = ["a/1", "b/2", "p/3", "q/4"].map((who) => seen(who));
    const told = (batch: Record<string, number>) => () =>
      new Map<string, Word>([
        ["b", { weight: 1 }],
        ...Object.entries(batch).map(
          ([org, weight]) => [org, { weight, batchAt: 1 }] as const,
        ),
      ]);
    const verdict = judge(rule, evidence, NOW, told({ p: 0.5, a: 1, q: 1 }));
    expect(verdict).toMatchObject({
      ...{ orgs: ["a", "b", "p", "q"], weights: [1, 1, 0, 0], hosts: 4 },
      confidence: 0.75,
    });
    const light = told({ a: 0.5, p: 0.5, q: 0.5 });
    expect(judge(rule, evidence, NOW, light)).toBeUndefined();
  });

  it("says what each org weighed, the heaviest first", () => {
    const rule = needing("weight: 1.5, orgs: 1");
    const evidence = ["z/1", "a/2", "c/3", "b/4"].map((who) => seen(who));
    const weights = weighing({ a: 0.01, b: 0.6, c: 0, z: 1 });
    expect(judge(rule, evidence, NOW, weights)).toMatchObject({
      ...{ orgs: ["z", "b", "a"], weights: [1, 0.6, 0.01] },
      needs: { weight: 1.5, orgs: 1 },
    });
    const hosts = needing("hosts: 2", ", counts: every-host");
    expect(judge(hosts, evidence, NOW, weights)).toMatchObject({
      ...{ orgs: ["a", "b", "c", "z"], weights: [1, 1, 1, 1] },
    });
  });

  it("counts hosts and failures of the orgs alone that count", () => {
    const rule = needing("orgs: 2, hosts: 3, failures: 20");
    const evidence = [
      seen("a/1", { failures: 12 }),
      seen("b/2"),
      seen("c/3", { failures: 900 }),
      seen("c/4"),
    ];
    const ab = weighing({ a: 1, b: 1 });
    expect(judge(rule, evidence, NOW, ab)).toBeUndefined();
    const all = [...evidence, seen("b/5")];
    expect(judge(rule, all, NOW, ab)).toMatchObject({ hosts: 3, failures: 22 });
  });

  it("wants an attacker who stays at it, where it says spread", () => {
    const rule = needing("orgs: 2, spread: { active: 3, of: 6 }");
    const everyone = weighing({ a: 1, b: 1 });
    const ago = (minutes: number) => ({ time: NOW - minutes * 60_000 });
    const burst = [seen("a/1", ago(0)), seen("b/2", ago(9.9))];
    expect(judge(rule, burst, NOW, everyone)).toBeUndefined();
    const slow = [...burst, seen("a/1", ago(59.9)), seen("b/2", ago(25))];
    expect(judge(rule, slow, NOW, everyone)?.reason).toBe(
      "seen by 2 orgs on 2 hosts within 60 min, in 3 of its 6 parts: 20 failures (sshd)",
    );
  });

  it("is the surer the more orgs say so, and never surer than it says", () => {
    const evidence = ["a/1", "b/2", "c/3"].map((who) => seen(who));
    const sure = (weights: Record<string, number>, more = "") =>
      judge(needing("orgs: 2", more), evidence, NOW, weighing(weights))
        ?.confidence;
    expect(sure({ a: 1, b: 1 })).toBe(0.75);
    expect(sure({ a: 1, b: 1, c: 1 })).toBe(0.87);
    expect(sure({ a: 1, b: 0.5 })).toBe(0.64);
    expect(sure({ a: 1, b: 1, c: 1 }, ", confidence: 0.5")).toBe(0.5);
  });

  it("names as evidence what was seen last, of however many hosts", () => {
    const rule = needing("hosts: 1", ", counts: every-host");
    const evidence = Array.from({ length: 80 }, (_, n) =>
      seen(`a/${n}`, { seq: n + 1 }),
    );
    const again = [...evidence, seen("a/3", { seq: 99 })];
    const named = judge(rule, again, NOW, weighing({}))?.evidence ?? [];
    expect([named.length, named[0], named.at(-1)]).toEqual([64, 18, 99]);
  });

  it("bans longer each time, up to a ceiling", () => {
    const ban = {
      forS: 600,
      growing: { factor: 3, upToS: 5_000, withinMs: 1 },
    };
    expect([0, 1, 2, 50].map((n) => lifeOf(ban, n))).toEqual([
      ...[600, 1_800, 5_000, 5_000],
    ]);
    expect(lifeOf({ ...ban, growing: undefined }, 9)).toBe(600);
  });
});

describe("weighing once", () => {
  it("remembers the last sets of orgs, and not all there ever were", () => {
    const asked: string[] = [];
    const weigh = weighOnce((orgs) => {
      asked.push([...orgs].join());
      return new Map();
    });
    for (const pair of ["a b", "b a", "a b"]) weigh(new Set(pair.split(" ")));
    expect(asked).toEqual(["a,b"]);
    for (let n = 1; n < 64; n++) weigh(new Set([`${n}`]));
    for (const again of ["63", "1"]) weigh(new Set([again]));
    weigh(new Set(["a", "b"]));
    expect(asked).toHaveLength(64);
    weigh(new Set(["64"]));
    weigh(new Set(["a", "b"]));
    expect(asked).toHaveLength(66);
  });
});
