import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { covers, formatCidr, parseCidr } from "../../../agent/model/cidr.js";
import { through, WELL_KNOWN } from "../../../agent/model/translators.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import { ban, policy } from "../../support/agent/agent-fixtures.js";
import { noLimits } from "../../support/agent/limits.js";
import { DAY_MS, PolicyHost, policyOf } from "../../support/agent/policies.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";

/** Few places, so that what is allowed, banned and looked at often meets. */
const RANGES = [
  ...["203.0.113.7", "203.0.113.8", "203.0.113.0/24", "203.0.113.0/28"],
  ...["45.9.148.7", "45.9.148.0/24", "2a01:db8:51::/48", "2a01:db8:51::7"],
  ...["2a01:db8:51:7::/64", "64:ff9b::cb00:7107", "64:ff9b::cb00:7100/120"],
];
const WIDE = ["203.0.112.0/22", "45.9.0.0/16", "2a01:db8::/40"];
/** As wide, though their prefixes are long: IPv4 as a translator shows it. */
const WIDE_INSIDE = ["64:ff9b::/96", "64:ff9b::cb00:0/104"];
const LOOKED_AT = [
  ...["203.0.113.7", "203.0.113.8", "203.0.113.9", "203.0.113.200"],
  ...["203.0.112.1", "45.9.148.7", "45.9.148.8", "45.9.7.7"],
  ...["2a01:db8:51::7", "2a01:db8:51::8", "2a01:db8:52::1"],
  ...["64:ff9b::cb00:7107", "64:ff9b::cb00:7108"],
];

const narrow = fc.constantFrom(...RANGES);
const wide = fc.constantFrom(...WIDE, ...WIDE_INSIDE);
const anyRange = fc.oneof(narrow, wide);

interface Wish {
  /** Of feeds' bans, those that it holds. */
  readonly holds: readonly (readonly [feed: string, range: string])[];
  readonly ranges: readonly string[];
  readonly wide: string | undefined;
  readonly by: "contentA" | "critical" | "stranger";
  readonly org: "acme" | "globex";
  readonly extra: Readonly<Record<string, unknown>>;
  readonly older: boolean;
}

const wishes: fc.Arbitrary<Wish> = fc.record({
  holds: fc.array(
    fc.tuple(fc.constantFrom("urgent", "urgent", "reputation"), anyRange),
    { maxLength: 3 },
  ),
  ranges: fc.array(narrow, { maxLength: 4 }),
  wide: fc.option(wide, { nil: undefined, freq: 4 }),
  by: fc.constantFrom(
    "contentA",
    "contentA",
    "contentA",
    "critical",
    "stranger",
  ),
  org: fc.constantFrom("acme", "acme", "acme", "globex"),
  extra: fc.constantFrom(
    ...[{}, {}, {}, { mode: "observe" }, { pausedUntil: Date.now() + DAY_MS }],
    ...[{ release: [...RANGES] }, { sensors: { sshd: { enabled: false } } }],
    { sensors: { sshd: { maxretry: 1_000, bantime: 1 } } },
  ),
  older: fc.boolean(),
});

/** What may be believed of a wish: all of it, or nothing. */
function allowedBy({
  ranges,
  wide,
  by,
  org,
  extra,
}: Wish): string[] | undefined {
  const isKnown = Object.keys(extra).every((name) => name === "sensors");
  const isOff = JSON.stringify(extra).includes("enabled");
  const isGood = by === "contentA" && org === "acme" && isKnown && !isOff;
  return isGood && wide === undefined ? [...ranges] : undefined;
}

describe("no sequence of policies", () => {
  it("lowers what is dropped beyond the ranges that the last good one allows, and the feeds' bans that it holds", async () => {
    const bans = fc.record({
      feed: fc.array(fc.oneof(narrow, wide), { minLength: 1, maxLength: 5 }),
      sensed: fc.array(narrow, { maxLength: 3 }),
      own: fc.array(narrow, { maxLength: 2 }),
    });
    const check = fc.asyncProperty(
      bans,
      fc.array(wishes, { minLength: 1, maxLength: 6 }),
      async ({ feed, sensed, own }, sequence) => {
        await using it = await PolicyHost.open({
          policy: { ...policy, allow: [] },
          limits: { ...noLimits, burst: 5, changesPerMinute: 1 },
        });
        await it.host.carryOut(
          new FakeFeed().append(feed.map((at) => ban(at))),
        );
        for (const range of sensed) await it.decide(range, "sensor");
        for (const range of own) await it.decide(range, "operator");
        const guarded = it.host.ledger
          .held({ limit: 9 }, unixSeconds(Date.now()))
          .map(({ cidr }) => formatCidr(cidr));
        const admitted = feed.filter((range) => !guarded.includes(range));
        /** What is in force of the feed but for these; of its own bans all is. */
        const dropsBut = (held: readonly string[]) => {
          const inForce = admitted.filter((range) => !held.includes(range));
          const banned = [...inForce, ...sensed, ...own];
          return LOOKED_AT.map((address) => isIn(banned, address));
        };
        const before = LOOKED_AT.map((address) => it.drops(address));
        expect(before).toEqual(dropsBut([]));
        const mode = it.host.ledger.mode();
        let allowed: string[] = [];
        let held: string[] = [];
        let newest = 0;
        const began = Date.now();
        for (const [i, wish] of sequence.entries()) {
          const version = wish.older ? 1 : i + 1;
          const ranges = [...wish.ranges, ...(wish.wide ? [wish.wide] : [])];
          const { org, extra } = wish;
          const until = Date.now() + DAY_MS;
          const holds = wish.holds.map(([feed, range]) => ({
            ...{ feed, until, why: "harm", ranges: [range] },
          }));
          const more = {
            ...extra,
            ...(holds.length > 0 && { holds }),
            // Of the same version, the one that was issued later would count.
            ...(wish.older && { issuedAt: began }),
          };
          await it.take(policyOf(ranges, { version, org, ...more }), wish.by);
          const wished = allowedBy(wish);
          if (wished !== undefined && version > newest) {
            allowed = wished;
            held = wish.holds.flatMap(([feed, range]) =>
              feed === "urgent" ? [range] : [],
            );
            newest = version;
          }
          const dropped = dropsBut(held);
          expect(LOOKED_AT.map((address) => it.drops(address))).toEqual(
            LOOKED_AT.map(
              (address, at) =>
                dropped[at] === true &&
                (!isAllowed(allowed, address) || isIn(own, address)),
            ),
          );
          expect(it.host.ledger.mode()).toBe(mode);
        }
        await it.take(policyOf([], { version: 99 }));
        expect(LOOKED_AT.map((address) => it.drops(address))).toEqual(before);
      },
    );
    await fc.assert(check, { numRuns: 25 });
  });
});

/** Whether an address is in one of the ranges, or is how that is seen. */
const isAllowed = (ranges: readonly string[], address: string): boolean =>
  isIn(
    ranges.flatMap((range) => {
      const cidr = parseCidr(range);
      if (cidr.family === 6) return [range];
      return [range, formatCidr(through(WELL_KNOWN, cidr))];
    }),
    address,
  );

const isIn = (ranges: readonly string[], address: string): boolean =>
  ranges.some((range) => covers(parseCidr(range), parseCidr(address)));
