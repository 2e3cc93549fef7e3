import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { cidrOf, covers, type Cidr } from "../../agent/model/cidr.js";
import { RecentPeers } from "../../agent/sessions/recent-peers.js";
import { CidrSet } from "../../agent/sessions/cidr-set.js";

const MOST = 16;
const WINDOW_MS = 100;
const limits = { most: MOST, windowMs: WINDOW_MS };

/** Few enough that they are seen again, of both families. */
const remotes = fc.oneof(
  fc.nat(31).map((n) => Uint8Array.of(203, 0, 113, n)),
  fc.nat(7).map((n) => Uint8Array.from({ length: 16 }, (_, i) => (i ? n : 32))),
);
const sights = fc.array(
  fc.record({
    address: remotes,
    begun: fc.boolean(),
    after: fc.oneof(fc.constant(0), fc.nat(30)),
  }),
  { maxLength: 80 },
);
const ranges = fc.array(
  fc.oneof(
    remotes.map((address) => cidrOf(address, address.length * 8)),
    fc.constant(cidrOf(Uint8Array.of(203, 0, 113, 0), 28)),
  ),
  { minLength: 1, maxLength: 8 },
);

interface Sight {
  readonly address: Uint8Array;
  readonly begun: boolean;
  readonly at: number;
}

/** Shows the sights to a sketch, in the order of time. */
function sketchOf(history: readonly (Omit<Sight, "at"> & { after: number })[]) {
  const sketch = new RecentPeers(0, limits);
  const seen: Sight[] = [];
  let now = 0;
  for (const { after, ...sight } of history) {
    now += after;
    sketch.saw(sight.address, sight.begun, now);
    seen.push({ ...sight, at: now });
  }
  return { sketch, seen, now };
}

const distinct = (sights: readonly Sight[]) =>
  new Set(sights.map(({ address }) => address.join("."))).size;

const within = (all: readonly Cidr[], { address }: Sight) =>
  all.some((range) => covers(range, cidrOf(address, address.length * 8)));

describe("a sketch of whom this host spoke with", () => {
  it("is bounded, whatever is seen", () => {
    fc.assert(
      fc.property(sights, (history) => {
        expect(sketchOf(history).sketch.size).toBeLessThanOrEqual(MOST);
      }),
    );
  });

  it("never counts whom it did not see within its window", () => {
    fc.assert(
      fc.property(sights, ranges, fc.nat(200), (history, asked, later) => {
        const { sketch, seen, now } = sketchOf(history);
        const at = now + later;
        const fresh = seen.filter(
          (sight) => sight.at >= at - WINDOW_MS && within(asked, sight),
        );
        const { remotes, begun } = sketch.count(new CidrSet(asked), at);
        expect(remotes).toBeLessThanOrEqual(distinct(fresh));
        const called = seen.filter((it) => it.begun && within(asked, it));
        expect(begun).toBeLessThanOrEqual(distinct(called));
        expect(begun).toBeLessThanOrEqual(remotes);
      }),
    );
  });

  it("misses nobody who was seen after `since`", () => {
    fc.assert(
      fc.property(sights, ranges, fc.nat(200), (history, asked, later) => {
        const { sketch, seen, now } = sketchOf(history);
        const at = now + later;
        const since = sketch.since(at);
        expect(since).toBeGreaterThanOrEqual(at - WINDOW_MS);
        const known = seen.filter((it) => it.at > since && within(asked, it));
        const { remotes } = sketch.count(new CidrSet(asked), at);
        expect(remotes).toBeGreaterThanOrEqual(distinct(known));
      }),
    );
  });

  it("forgets the longest unseen first, and says from when on it knows all", () => {
    const sketch = new RecentPeers(0, { most: 2, windowMs: 1_000 });
    const [a, b, c] = [1, 2, 3].map((n) => Uint8Array.of(192, 0, 2, n));
    sketch.saw(a!, true, 10);
    sketch.saw(b!, false, 20);
    sketch.saw(a!, false, 30);
    expect(sketch.since(30)).toBe(0);
    sketch.saw(c!, false, 40);
    expect(sketch.since(40)).toBe(20);
    const all = new CidrSet([cidrOf(Uint8Array.of(192, 0, 2, 0), 24)]);
    expect(sketch.count(all, 40)).toEqual({ remotes: 2, begun: 1 });
    expect(sketch.count(all, 1_035)).toEqual({ remotes: 1, begun: 0 });
  });

  it("keeps what it was shown, not the memory that it lay in", () => {
    const sketch = new RecentPeers(0, limits);
    const address = Uint8Array.of(192, 0, 2, 1);
    sketch.saw(address, false, 1);
    address.fill(9);
    const nine = new CidrSet([cidrOf(Uint8Array.of(9, 9, 9, 9), 32)]);
    expect(sketch.count(nine, 1).remotes).toBe(0);
  });
});
