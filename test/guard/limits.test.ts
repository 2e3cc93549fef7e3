import { describe, expect, it } from "@jest/globals";
import { Budget, raisedBy, type Limits } from "../../agent/guard/limits.js";
import { FOREVER } from "../../agent/model/ban.js";
import { parseCidr } from "../../agent/model/cidr.js";

const NOW = 1_800_000_000;

const limits: Limits = {
  life: 86_400,
  share: 0.01,
  entries: 100,
  changesPerMinute: 60,
  burst: 10,
  growth: 2,
  remain: 0.5,
};

const nothing = {
  ...{ entries: 0, space: { 4: 0, 6: 0 }, room: 10 },
  full: "too-many-at-once" as const,
};

const ban = (range: string, seconds = 3_600) => ({
  cidr: parseCidr(range),
  expiresAt: seconds === Infinity ? FOREVER : NOW + seconds,
  observed: false,
});

describe("a budget", () => {
  it("lets in what stays within every limit", () => {
    const budget = new Budget(limits, nothing, NOW);
    expect(budget.admit(ban("192.0.2.1"))).toBeUndefined();
    expect(budget.admit(ban("2001:db8::/48", 86_400))).toBeUndefined();
    expect(budget.admitted).toBe(2);
  });

  it.each([
    ["lives-too-long", ban("192.0.2.1", 86_401), {}],
    ["lives-too-long", ban("192.0.2.1", Infinity), {}],
    ["covers-too-much", ban("16.0.0.0/6"), {}],
    ["covers-too-much", ban("192.0.2.1"), { space: { 4: 0.01, 6: 0 } }],
    ["covers-too-much", ban("2000::/9"), {}],
    ["too-many-bans", ban("192.0.2.1"), { entries: 100 }],
    ["too-many-at-once", ban("192.0.2.1"), { room: 0 }],
    ["grows-too-fast", ban("192.0.2.1"), { room: 0, full: "grows-too-fast" }],
  ] as const)(
    "holds by %s, and lets the rest go on",
    (rule, last, standing) => {
      const budget = new Budget(limits, { ...nothing, ...standing }, NOW);
      expect(budget.admit(last)).toBe(rule);
      expect(budget.admitted).toBe(0);
    },
  );

  it("counts what it lets in, and what stays, but not what it holds", () => {
    const few = { ...limits, entries: 3 };
    const budget = new Budget(few, nothing, NOW);
    budget.keep(ban("192.0.2.9", Infinity), FOREVER);
    const range = (i: number) => ban(`192.0.2.${i}`);
    const rules = [1, 2, 3, 4].map((i) => budget.admit(range(i)));
    expect(rules).toEqual([
      undefined,
      undefined,
      "too-many-bans",
      "too-many-bans",
    ]);
  });

  it("keeps a renewal from lasting longer than a ban may, and no other", () => {
    const budget = new Budget(limits, nothing, NOW);
    const until = NOW + 3_600;
    const kept = (seconds: number, at: number) =>
      budget.keep(ban("192.0.2.1", seconds), at);
    expect(kept(Infinity, until)).toBe("lives-too-long");
    expect(kept(86_401, until)).toBe("lives-too-long");
    expect(kept(86_400, until)).toBeUndefined();
    // Shorter than it was, though the limit has come down since.
    expect(kept(86_500, NOW + 90_000)).toBeUndefined();
  });

  it("counts observed bans as such: their room, and not the space they cover", () => {
    const observed = (range: string, seconds?: number) => ({
      ...ban(range, seconds),
      observed: true,
    });
    const budget = new Budget({ ...limits, entries: 2 }, nothing, NOW);
    expect(budget.admit(observed("16.0.0.0/6"))).toBeUndefined();
    expect(budget.admit(observed("192.0.2.1", Infinity))).toBe(
      "lives-too-long",
    );
    expect(budget.admit(ban("192.0.2.1"))).toBeUndefined();
    expect(budget.admit(observed("192.0.2.2"))).toBe("too-many-bans");
  });

  it("counts nothing of what is begun again", () => {
    const budget = new Budget({ ...limits, entries: 1 }, nothing, NOW);
    const anew = budget.savepoint();
    expect(budget.admit(ban("192.0.2.1"))).toBeUndefined();
    anew();
    expect(budget.admitted).toBe(0);
    expect(budget.admit(ban("192.0.2.1"))).toBeUndefined();
  });

  it("lets an eighth of IPv6 stand for all of it: no more is given to hosts", () => {
    const budget = new Budget({ ...limits, share: 0.25 }, nothing, NOW);
    expect(budget.admit(ban("2000::/5"))).toBeUndefined();
    expect(budget.admit(ban("2800::/16"))).toBe("covers-too-much");
  });

  it("is raised by the critical keys, never lowered", () => {
    const raised = raisedBy(limits, { entries: 200, life: 60, share: 0.5 });
    expect(raised).toMatchObject({ entries: 200, life: 86_400, share: 0.5 });
    const faster = raisedBy(limits, { changesPerMinute: 100 });
    expect(faster).toMatchObject({ changesPerMinute: 100, burst: 6_000 });
  });
});
