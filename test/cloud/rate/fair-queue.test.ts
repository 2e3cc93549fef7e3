import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FairQueue } from "../../../cloud/rate/fair-queue.js";
import { SharesNow } from "../../../cloud/decide/shares.js";

describe("a fair queue", () => {
  it("lets its owners take turns, however much one brings", () => {
    const queue = new FairQueue({ ofOne: 100, inAll: 1_000 });
    for (let n = 0; n < 50; n++) queue.add("loud", `loud ${n}`);
    queue.add("quiet", "quiet 0");
    queue.add("quiet", "quiet 1");
    const first = Array.from({ length: 4 }, () => queue.next());
    expect(first).toEqual(["loud 0", "quiet 0", "loud 1", "quiet 1"]);
  });

  it("holds each item once, and no more of an owner than its bound", () => {
    const queue = new FairQueue({ ofOne: 2, inAll: 1_000 });
    expect(queue.add("a", "1")).toBe(true);
    expect(queue.add("a", "1")).toBe(true);
    expect(queue.add("a", "2")).toBe(true);
    expect(queue.add("a", "3")).toBe(false);
    expect(queue.add("b", "3")).toBe(true);
    expect(queue.size).toBe(3);
  });

  it("keeps room for newcomers, whoever fills it", () => {
    const queue = new FairQueue({ ofOne: 10_000, inAll: 1_000 });
    for (const loud of ["a", "b", "c", "d", "e"]) {
      for (let n = 0; n < 10_000; n++) queue.add(loud, `${loud} ${n}`);
    }
    expect(queue.add("quiet", "x")).toBe(true);
  });

  it("passes over owners who are not ready", () => {
    const queue = new FairQueue({ ofOne: 10, inAll: 100 });
    queue.add("a", "1");
    queue.add("b", "2");
    expect(queue.next((owner) => owner === "b")).toBe("2");
    expect(queue.next((owner) => owner === "b")).toBeUndefined();
    expect(queue.next()).toBe("1");
    expect(queue.next()).toBeUndefined();
  });

  it("has room again for what is taken out", () => {
    const queue = new FairQueue({ ofOne: 1, inAll: 2 });
    queue.add("a", "1");
    queue.add("b", "2");
    queue.remove("a", "1");
    queue.remove("a", "1");
    queue.remove("c", "2");
    expect(queue.size).toBe(1);
    expect(queue.add("a", "3")).toBe(true);
    expect([queue.next(), queue.next(), queue.next()]).toEqual([
      ...["2", "3", undefined],
    ]);
  });

  it("has who cost more than others wait for them, and saves nothing up", () => {
    const queue = new FairQueue({ ofOne: 1_000, inAll: 10_000 });
    const cost = { loud: 10, quiet: 1 };
    /** As "lqq…": loud has one again each time, even where nothing of it waits. */
    const served = (count: number): string =>
      Array.from({ length: count }, () => {
        queue.add("loud", "again");
        const owner = queue.take()?.owner === "loud" ? "loud" : "quiet";
        queue.charge(owner, cost[owner]);
        return owner.charAt(0);
      }).join("");
    expect(served(5)).toBe("lllll");
    for (let n = 0; n < 100; n++) queue.add("quiet", `${n}`);
    expect(served(33)).toMatch(/^(l?q{10}){3}l?q*$/);
    expect(served(60).replaceAll("q", "").length).toBeLessThanOrEqual(6);
    const fresh = new FairQueue({ ofOne: 10, inAll: 100 });
    for (const owner of ["a", "b", "c"]) fresh.add(owner, owner);
    fresh.charge("a", 5);
    fresh.charge("b", 9);
    const all = Array.from({ length: 3 }, () => fresh.next());
    expect(all).toEqual(["c", "a", "b"]);
  });

  it("gives back all that it took, and stays within its bounds", () => {
    const adds = fc.array(
      fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ max: 30, min: 0 })),
    );
    fc.assert(
      fc.property(adds, (all) => {
        const queue = new FairQueue({ ofOne: 5, inAll: 12 });
        const taken = new Set<string>();
        for (const [owner, item] of all) {
          if (queue.add(owner, `${owner}${item}`)) taken.add(`${owner}${item}`);
          expect(queue.size).toBeLessThanOrEqual(12);
        }
        const out = new Set<string>();
        for (let each = queue.next(); each !== undefined; each = queue.next()) {
          expect(out.has(each)).toBe(false);
          out.add(each);
        }
        expect(out).toEqual(taken);
        expect(queue.size).toBe(0);
      }),
    );
  });
});

describe("shares of a rate", () => {
  it("leave three quarters to one, and something to whoever was quiet", () => {
    const most = 60;
    const used = new Map<string, number>();
    const bansOf = (org: string): number => {
      for (let bans = 0; ; bans++) {
        const all = [...used.values()].reduce((a, b) => a + b, 0);
        const shares = new SharesNow(most - all, used);
        if (!shares.hasRoom(org)) return bans;
        used.set(org, bans + 1);
      }
    };
    expect(bansOf("first")).toBe(45);
    expect(bansOf("second")).toBeGreaterThanOrEqual(10);
    expect(bansOf("third")).toBeGreaterThanOrEqual(2);
  });

  it("keep the quietest of those waiting who have no room", () => {
    const used = new Map(Object.entries({ a: 9, b: 7, c: 1 }));
    expect(new SharesNow(2, used).quietest(["a", "b", "c", "d"])).toBe("b");
    expect(new SharesNow(0, used).quietest(["a", "b", "c"])).toBe("c");
  });

  it("are nothing where nothing is left", () => {
    expect(new SharesNow(0, new Map()).hasRoom("a")).toBe(false);
  });
});
