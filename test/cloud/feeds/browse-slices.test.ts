import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type { Browse } from "../../../cloud/feeds/catalogue/browsing.js";
import { sorts } from "../../../cloud/feeds/catalogue/sorts.js";
import { BANS } from "../../../cloud/query/lists/bans.js";
import { parseQuery } from "../../../cloud/query/parse.js";
import { banOf, BansFile, liftOf, runToEnd } from "./bans-file.js";

/** More than are looked at in one go. */
const MANY = 5_000;

const manyBans = (net: string) =>
  Array.from({ length: MANY }, (_, n) =>
    banOf(`${net}.${n >> 8}.${n & 255}`, { reason: "brute force" }),
  );

/** More feeds than are looked up one by one: bans are looked at in their order. */
const others = Array.from({ length: 64 }, (_, n): FeedName => `org/none-${n}`);

const slowly = (...feeds: FeedName[]): Partial<Browse> => ({
  feeds: [...feeds, ...others],
  terms: parseQuery("reason:*r*", BANS).terms,
});

describe("while somebody's query is under way", () => {
  // A slice is over whenever somebody looks at the time.
  beforeEach(() => {
    let now = 0;
    jest.spyOn(performance, "now").mockImplementation(() => (now += 10));
  });
  afterEach(() => void jest.restoreAllMocks());

  it("shows no other org's bans once all was read anew", () => {
    using file = new BansFile();
    for (const feed of ["org/a", "org/b"] as const) file.begin(feed);
    file.browse();
    // Read anew, they are the other way round.
    file.decide("org/b", manyBans("10.2"));
    file.decide("org/a", manyBans("10.1"));
    file.browse({ limit: 1 });
    const slices = file.slices(slowly("org/a"));
    // Some of them are found.
    expect(slices.next().done).toBe(false);
    file.catalogue.forget();
    file.browse({ limit: 1 });
    const window = runToEnd(slices);
    expect(window?.found).toBe(MANY);
    const nets = window?.bans.map(({ feed, cidr }) => [
      ...[feed, formatCidr(cidr).slice(0, 5)],
    ]);
    expect(new Set(nets?.map(String))).toEqual(new Set(["org/a,10.1."]));
  });

  it("answers nobody from more bans than it holds", () => {
    using file = new BansFile(2 * MANY);
    for (const feed of ["org/a", "org/b"] as const) file.begin(feed);
    file.decide("org/a", manyBans("10.1"));
    file.decide("org/b", manyBans("10.2"));
    file.browse({ limit: 1 });
    const slices = file.slices(slowly("org/a"));
    expect(slices.next().done).toBe(false);
    file.decide("org/b", [banOf("10.3.0.0")]);
    expect(runToEnd(slices)).toBeUndefined();
  });

  it("puts the bans of a feed that begins where its name stands", () => {
    using file = new BansFile();
    for (const feed of ["org/a", "org/b"] as const) file.begin(feed);
    file.browse();
    file.decide("org/a", manyBans("10.1"));
    file.decide("org/b", manyBans("10.2"));
    for (const sort of sorts) file.browse({ sort, limit: 1 });
    const slices = file.slices(slowly("org/b"));
    expect(slices.next().done).toBe(false);
    file.begin("org/zeta");
    file.decide("org/zeta", [banOf("192.0.2.1"), banOf("192.0.2.2")]);
    expect(runToEnd(slices)?.found).toBe(MANY);
    for (const sort of sorts) {
      const { terms } = parseQuery("feed:org/zeta", BANS);
      expect([sort, file.browse({ sort, terms }).found]).toEqual([sort, 2]);
    }
    const { bans } = file.browse({ start: { toFeed: "org/zeta" } });
    expect(bans.map(({ cidr }) => formatCidr(cidr))).toEqual([
      ...["192.0.2.1", "192.0.2.2"],
    ]);
  });

  it.each([
    ["of all bans", slowly("org/a"), (2 * MANY) / 128],
    ["of a few", { ...slowly(), feeds: ["org/a"] as const }, MANY / 128],
  ])("looks at the time after every few %s", (_, asked, times) => {
    using file = new BansFile();
    for (const feed of ["org/a", "org/b"] as const) file.begin(feed);
    file.decide("org/a", manyBans("10.1"));
    file.decide("org/b", manyBans("10.2"));
    file.browse({ limit: 1 });
    const slices = file.slices(asked);
    const changedAt = 10;
    let count = 0;
    for (; slices.next().done !== true; count++) {
      if (count !== changedAt) continue;
      const reason = "sure";
      file.decide("org/a", [
        ...[liftOf("10.1.0.0"), liftOf("10.1.19.100")],
        ...[banOf("10.1.255.1", { reason }), banOf("10.0.0.1", { reason })],
        banOf("10.1.255.2", { reason: "scan" }),
      ]);
      file.decide("org/b", [banOf("10.3.0.0", { reason })]);
    }
    expect(count).toBeGreaterThanOrEqual(Math.floor(times));
    const { bans, found } = file.browse(asked);
    const shown = bans.map(({ cidr }) => formatCidr(cidr));
    expect([found, new Set(shown).size]).toEqual([MANY, MANY]);
    expect([shown[0], shown[1], shown.at(-1)]).toEqual([
      ...["10.0.0.1", "10.1.0.1", "10.1.255.1"],
    ]);
  });
});
