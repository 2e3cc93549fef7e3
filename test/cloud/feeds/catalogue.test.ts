import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Op } from "../../../agent/model/ban.js";
import {
  compareCidrs,
  formatCidr,
  overlaps,
  parseCidr,
  widened,
} from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type {
  BansWindow,
  Browse,
  ListedBan,
} from "../../../cloud/feeds/catalogue/browsing.js";
import { sorts, type Sort } from "../../../cloud/feeds/catalogue/sorts.js";
import { listBans } from "../../../cloud/feeds/snapshots/ban-listing.js";
import { orgOf } from "../../../cloud/feeds/audience.js";
import { BANS } from "../../../cloud/query/lists/bans.js";
import { matcherOf } from "../../../cloud/query/match.js";
import { parseQuery } from "../../../cloud/query/parse.js";
import { banOf, BansFile, liftOf, NOW, runToEnd } from "./bans-file.js";

/** Each order, from either end. */
const DIRECTIONS = sorts.flatMap((sort): [Sort, boolean][] => [
  [sort, false],
  [sort, true],
]);

const FEEDS: readonly FeedName[] = ["urgent", "reputation", "org/a", "org/b"];

describe("the catalogue of bans", () => {
  it("is as the tables are, whatever is decided, and in every order", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 12 }), (all) => {
        using file = new BansFile();
        for (const feed of [...FEEDS].reverse()) file.begin(feed);
        for (const [nth, step] of all.entries()) {
          if (step.begins) file.begin(step.feed, `e${nth}`);
          const list = step.isList ? "a list" : undefined;
          file.decide(step.feed, step.ops, NOW + (nth >> 1), list);
          expectSame(file, NOW + nth);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("forgets what has ended, and what ended by a wrong clock comes again", () => {
    using file = new BansFile();
    file.begin("urgent");
    file.decide("urgent", [
      banOf("192.0.2.1", { expiresAt: NOW + 10 }),
      banOf("192.0.2.2", { expiresAt: NOW + 20 }),
    ]);
    expect(rangesIn(file.browse())).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(rangesIn(file.browse({ now: NOW + 10 }))).toEqual(["192.0.2.2"]);
    expect(rangesIn(file.browse({ now: NOW + 7_200 }))).toEqual([]);
    expect(rangesIn(file.browse())).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  it("is read anew once something that it was told of is not so", () => {
    using file = new BansFile();
    file.begin("urgent");
    file.decide("urgent", [banOf("192.0.2.1")]);
    file.browse();
    file.catalogue.begin(1);
    file.catalogue.forget();
    expect(rangesIn(file.browse())).toEqual(["192.0.2.1"]);
  });

  it("gives up what grows beyond its bound, and looks again later", () => {
    using file = new BansFile(2);
    file.begin("urgent");
    file.decide("urgent", [banOf("192.0.2.1"), banOf("192.0.2.2")]);
    expect(rangesIn(file.browse())).toEqual(["192.0.2.1", "192.0.2.2"]);
    file.decide("urgent", [banOf("192.0.2.2"), banOf("192.0.2.3")]);
    expect(file.catalogue.isTooMuch).toBe(true);
    expect(file.catalogue.columns.size).toBe(0);
    expect(runToEnd(file.slices())).toBeUndefined();
    file.decide("urgent", [liftOf("192.0.2.1")]);
    expect(runToEnd(file.slices())).toBeUndefined();
    expect(rangesIn(file.browse({ now: NOW + 600 }))).toEqual([
      ...["192.0.2.2", "192.0.2.3"],
    ]);
  });

  it("takes in more at once than it remembers changes of", () => {
    using file = new BansFile();
    file.begin("urgent");
    file.decide("urgent", [banOf("192.0.2.1"), banOf("203.0.113.1")]);
    file.browse({ ...asking("range:0.0.0.0/1"), sort: "range" });
    const many = Array.from({ length: 70_000 }, (_, n) =>
      banOf(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`),
    );
    file.decide("urgent", many);
    file.decide("urgent", [liftOf("192.0.2.1")]);
    const { found: total, bans } = file.browse({ sort: "range", limit: 2 });
    expect([total, rangesIn({ bans })]).toEqual([
      ...[70_001, ["10.0.0.0", "10.0.0.1"]],
    ]);
    const found = file.browse({ ...asking("range:0.0.0.0/1"), sort: "range" });
    expect(found.found).toBe(70_000);
  });
});

describe("a window of bans", () => {
  const some = (): BansFile => {
    const file = new BansFile();
    for (const feed of FEEDS) file.begin(feed);
    for (let n = 0; n < 50; n++) {
      const feed = FEEDS[n % FEEDS.length] ?? "urgent";
      const expiresAt = NOW + 100 + ((n * 37) % 50);
      const reason = n % 5 === 0 ? "spam" : "ssh";
      const ban = banOf(`10.0.${n % 7}.${n}`, { expiresAt, reason });
      file.decide(feed, [ban, banOf(`2001:db8::${n + 1}`)], NOW + n);
    }
    return file;
  };

  it.each(DIRECTIONS)(
    "by %s, descending %s, begins at any row and goes on by its cursor",
    (sort, descending) => {
      using file = some();
      const order = { sort, descending, ...asking("reason:ssh,spam") };
      const { bans: all } = file.browse(order);
      expect(all).toHaveLength(50);
      for (const at of [0, 1, 24, 49, 50, 60]) {
        const {
          from,
          found: total,
          bans,
        } = file.browse({
          ...{ ...order, start: { at }, limit: 5 },
        });
        expect([from, total]).toEqual([Math.min(at, 50), 50]);
        expect(bans).toEqual(all.slice(at, at + 5));
      }
      const paged: ListedBan[] = [];
      let start: Browse["start"] = { at: 0 };
      for (;;) {
        const { bans, next, from } = file.browse({ ...order, start, limit: 7 });
        expect(from).toBe(paged.length);
        paged.push(...bans);
        if (next === undefined) break;
        start = { from: next };
      }
      expect(paged).toEqual(all);
    },
  );

  it("begins at an address, a time or a feed", () => {
    using file = some();
    const to = (start: Browse["start"], sort: Sort, descending = false) => {
      const window = file.browse({ start, sort, descending, limit: 1 });
      return [window.from, rangesIn(window)[0]];
    };
    const toRange = parseCidr("10.0.3.0/24");
    expect(to({ toRange }, "range")).toEqual([22, "10.0.3.3"]);
    expect(to({ toRange }, "range", true)).toEqual([71, "10.0.3.45"]);
    expect(to({ toRange: parseCidr("2001:db8::9") }, "range")).toEqual([
      ...[58, "2001:db8::9"],
    ]);
    const toTime = (NOW + 20) * 1_000;
    expect(to({ toTime }, "since")[0]).toBe(40);
    expect(to({ toTime }, "since", true)[0]).toBe(58);
    expect(to({ toTime: (NOW + 149) * 1_000 }, "until")[0]).toBe(49);
    expect(to({ toTime: (NOW + 149) * 1_000 }, "until", true)[0]).toBe(50);
    expect(to({ toFeed: "reputation" }, "place")[0]).toBe(48);
    expect(to({ toTime: 9e15 }, "since")).toEqual([100, undefined]);
  });

  it("goes on where it was while bans come and go", () => {
    using file = some();
    const order = { ...asking("reason:spam"), sort: "range" } as const;
    const { bans: all } = file.browse(order);
    const first = file.browse({ ...order, limit: 4 });
    const [gone] = rangesIn(first);
    file.decide("org/b", [liftOf(gone ?? "")]);
    file.decide("urgent", [
      ...[banOf("9.9.9.9", { reason: "spam" }), liftOf(gone ?? "")],
    ]);
    file.decide("reputation", [liftOf(gone ?? "")]);
    file.decide("org/a", [liftOf(gone ?? "")]);
    const next = file.browse({ ...order, start: { from: first.next! } });
    expect(next.bans).toEqual(all.slice(4));
    expect(next.from).toBe(4);
  });

  it("shows of feeds and ranges what is asked for", () => {
    using file = some();
    const { found: total } = file.browse({ feeds: ["org/a", "org/none"] });
    expect(total).toBe(24);
    expect(file.browse({ feeds: [] }).found).toBe(0);
    const range = parseCidr("10.0.3.0/24");
    expect(rangesIn(file.browse({ range, sort: "range" }))).toHaveLength(7);
    expect(rangesIn(file.browse({ range: parseCidr("10.0.3.3") }))).toEqual([
      ...["10.0.3.3"],
    ]);
  });

  it("says of rings when they begin", () => {
    using file = new BansFile();
    file.begin("urgent");
    const rings = { canary: NOW, early: NOW + 1, broad: NOW + 2, all: NOW + 3 };
    file.decide("urgent", [banOf("192.0.2.1", { rings }), banOf("192.0.2.2")]);
    const { bans } = file.browse();
    expect(bans.map((ban) => ban.rings)).toEqual([rings, undefined]);
    expect(rangesIn(file.browse(asking("rings:yes")))).toEqual(["192.0.2.1"]);
  });
});

const asking = (text: string) => ({ terms: parseQuery(text, BANS).terms });

const rangesIn = ({ bans }: Pick<BansWindow, "bans">) =>
  bans.map(({ cidr }) => formatCidr(cidr));

const ranges = fc
  .tuple(
    fc.constantFrom("10.0.0.0", "10.0.0.1", "10.0.1.0", "203.0.113.9"),
    fc.constantFrom(32, 24, 16, 8, 31),
  )
  .map(([address, prefix]) => widened(parseCidr(address), prefix));
const wideRanges = fc
  .tuple(fc.constantFrom("2001:db8::1", "2a00::5:0"), fc.constantFrom(128, 64))
  .map(([address, prefix]) => widened(parseCidr(address), prefix));

const ops: fc.Arbitrary<Op> = fc
  .record({
    cidr: fc.oneof(ranges, wideRanges),
    lasts: fc.integer({ min: 1, max: 12 }),
    reason: fc.constantFrom("ssh brute force", "spam", ""),
    observed: fc.boolean(),
    isLift: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  })
  .map(({ cidr, lasts, reason, observed, isLift }) =>
    isLift
      ? { op: "lift", cidr }
      : { op: "ban", cidr, expiresAt: NOW + lasts, reason, observed },
  );

const steps = fc.record({
  feed: fc.constantFrom(...FEEDS),
  ops: fc.array(ops, { minLength: 1, maxLength: 6 }),
  isList: fc.boolean(),
  begins: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

const QUERIES = [
  ...["range:10.0.0.0/24", "not range:10.0.0.0/16,2001:db8::/32", "spam"],
  ...["10.0", "org:a", "feed:org/* not observed:yes", "until:<5s", "db8"],
  ...["reason:*brute* since:>2s", "decision:dec-5,dec-9", "10.0.0.1", "org:*"],
  ...["10.0 not 0.1", "0.0,db8 -203.0 not :5"],
];

/** Holds every order and query to what the tables say. */
function expectSame(file: BansFile, now: number): void {
  const from = undefined;
  const asked = { feeds: undefined, range: undefined, limit: 10_000, from };
  const { bans } = listBans(file.lookup, { ...asked, now });
  const since = new Map(
    file.database
      .prepare<[], [string, number, number]>(
        "SELECT text, at, id FROM decisions",
      )
      .raw()
      .all()
      .map(([text, at, id]) => [text, { at, id }]),
  );
  const rows = bans.map((ban) => ({
    ...ban,
    since: since.get(ban.decision)?.at ?? 0,
    number: since.get(ban.decision)?.id ?? 0,
  }));
  for (const sort of sorts) {
    const sorted = [...rows].sort(BY[sort]);
    for (const descending of [false, true]) {
      const want = descending ? [...sorted].reverse() : sorted;
      const { bans: got, found: total } = file.browse({
        sort,
        descending,
        now,
      });
      expect(got).toEqual(want.map(({ number: _, ...row }) => row));
      expect(total).toBe(rows.length);
    }
  }
  for (const text of QUERIES) {
    const query = parseQuery(text, BANS);
    // The time that is asked about is that of a tick.
    const tick = (now - (now % 10)) * 1_000;
    const matches = matcherOf(query, GETTERS, tick);
    const want = rows.filter(matches).map(({ number: _, ...row }) => row);
    const { bans: got } = file.browse({ terms: query.terms, now });
    expect([text, got]).toEqual([text, want]);
  }
  const range = parseCidr("10.0.0.0/24");
  const meeting = rows.filter(({ cidr }) => overlaps(cidr, range));
  const feeds: readonly FeedName[] = ["urgent", "org/a"];
  const seen = file.browse({ range, feeds, now, sort: "until" });
  expect(seen.found).toBe(
    meeting.filter(({ feed }) => feeds.includes(feed)).length,
  );
}

interface Row extends ListedBan {
  readonly number: number;
}

const byPlace = (a: Row, b: Row): number =>
  (a.feed < b.feed ? -1 : Number(a.feed > b.feed)) ||
  a.cidr.family - b.cidr.family ||
  a.cidr.prefix - b.cidr.prefix ||
  compareCidrs(a.cidr, b.cidr);

const BY: Readonly<Record<Sort, (a: Row, b: Row) => number>> = {
  place: byPlace,
  until: (a, b) => a.expiresAt - b.expiresAt || byPlace(a, b),
  since: (a, b) => a.number - b.number || byPlace(a, b),
  range: (a, b) =>
    a.cidr.family - b.cidr.family ||
    compareCidrs(a.cidr, b.cidr) ||
    byPlace(a, b),
};

const GETTERS = {
  range: ({ cidr }: Row) => formatCidr(cidr),
  feed: ({ feed }: Row) => feed,
  org: ({ feed }: Row) => orgOf(feed),
  decision: ({ decision }: Row) => decision,
  since: ({ since }: Row) => since,
  reason: ({ reason }: Row) => reason,
  until: ({ expiresAt }: Row) => expiresAt * 1_000,
  observed: ({ observed }: Row) => observed,
  rings: ({ rings }: Row) => rings !== undefined,
};
