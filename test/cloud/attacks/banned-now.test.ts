import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { BannedNow } from "../../../cloud/attacks/banned-now.js";
import { Look } from "../../../cloud/feeds/snapshots/present.js";
import { banOf, BansFile, NOW } from "../feeds/bans-file.js";

const FEEDS: readonly FeedName[] = ["urgent", "reputation", "org/a", "org/b"];

/** What stands in a file, with nothing beyond it. */
function bannedIn({ lookup }: BansFile): BannedNow {
  const feeds = [...lookup.feeds().values()];
  const views = feeds.map((each) => ({
    ...each,
    tail: new Map<string, null>(),
  }));
  return new BannedNow(new Look(lookup, views, NOW));
}

const ban = fc.record({
  feed: fc.constantFrom(...FEEDS),
  range: fc.constantFrom("192.0.2.1", "192.0.2.0/24", "2001:db8::/64"),
  expiresAt: fc.constantFrom(NOW, NOW + 60),
});

it("an attacker is banned where there is a ban that counts, and nowhere else", () => {
  const shape = fc.record({
    bans: fc.array(ban, { maxLength: 5 }),
    attacker: fc.constantFrom("192.0.2.1", "192.0.2.7", "2001:db8::/64"),
    orgs: fc.subarray(["a", "b", "c"]),
  });
  fc.assert(
    fc.property(shape, ({ bans, attacker, orgs }) => {
      using file = new BansFile();
      for (const feed of FEEDS) file.begin(feed);
      for (const { feed, range, expiresAt } of bans) {
        file.decide(feed, [banOf(range, { expiresAt })]);
      }
      const banned = bannedIn(file);
      const cidr = parseCidr(attacker);
      const isBanned = banned.on(cidr, orgs) !== undefined;
      expect(banned.isOn(cidr, () => orgs)).toBe(isBanned);
    }),
  );
});

it("an attacker's orgs are not asked for where everybody's feeds say it", () => {
  using file = new BansFile();
  for (const feed of FEEDS) file.begin(feed);
  file.decide("urgent", [banOf("192.0.2.0/24")]);
  const orgsOf = (): never => {
    throw new Error("they need not be known");
  };
  const banned = bannedIn(file);
  expect(banned.isOn(parseCidr("192.0.2.1"), orgsOf)).toBe(true);
});
