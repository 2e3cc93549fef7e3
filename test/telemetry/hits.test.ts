import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Hit, Total } from "../../agent/model/hit.js";
import { parseShape } from "../../agent/protocol/shapes.js";
import type { ItemOf } from "../../agent/protocol/telemetry.js";
import { TelemetryItem } from "../../agent/protocol/telemetry.js";
import {
  HitsFold,
  restored,
  saved,
  unread,
  type Baseline,
  type Folded,
} from "../../agent/telemetry/hits.js";

type Item = ItemOf<"hits">;

const counter = (
  remote: string,
  packets: number,
  more: Partial<Hit> = {},
): Hit => ({
  remote: parseCidr(remote),
  ...{ direction: "in", forwarded: false, observed: false },
  ...{ protocol: 6, way: 2, packets, bytes: packets * 60 },
  ...more,
});

/** Some counters, and packets of remotes that the kernel did not count. */
interface Reading {
  readonly counters: readonly Hit[];
  readonly unlisted?: number;
}

const of = (...counters: readonly Hit[]): Reading => ({ counters });

/** As the kernel counts: every packet is in a total. */
function totalsOf({ counters, unlisted = 0 }: Reading): readonly Total[] {
  return [false, true].map((observed) => {
    const some = counters.filter((each) => each.observed === observed);
    const packets = some.reduce(packetSum, observed ? 0 : unlisted);
    const kind = { family: 4, direction: "in", observed } as const;
    return { ...kind, packets, bytes: packets * 60 };
  });
}

function folded(before: Baseline, reading: Reading, most?: number): Folded {
  const fold = new HitsFold(before, most);
  const { counters } = reading;
  for (let at = 0; at < counters.length; at += 3)
    fold.add(counters.slice(at, at + 3));
  return fold.finish(totalsOf(reading), WINDOW);
}

const read = (reading: Reading): Baseline => folded(unread, reading).baseline;

/** "192.0.2.1 +3" for what is new in each reading after the first. */
function tell(first: Reading, ...readings: readonly Reading[]): string[][] {
  let baseline = read(first);
  return readings.map((reading) => {
    const result = folded(baseline, reading);
    baseline = result.baseline;
    const top = result.item?.top ?? [];
    return top.map(({ remote, packets }) => `${remote} +${packets}`);
  });
}

const packetsTold = (item: Item | undefined): number =>
  item === undefined ? 0 : item.top.reduce(packetSum, item.others.packets);

describe("what the kernel counted since it was last read", () => {
  it("is what a counter grew by", () => {
    expect(
      tell(of(counter("192.0.2.1", 5)), of(counter("192.0.2.1", 8))),
    ).toEqual([["192.0.2.1 +3"]]);
  });

  it("is all of a counter that was not there", () => {
    expect(tell(of(), of(counter("192.0.2.1", 8)))).toEqual([["192.0.2.1 +8"]]);
  });

  it("is nothing where nothing was dropped", () => {
    const same = of(counter("192.0.2.1", 5));
    expect(folded(read(same), same).item).toBeUndefined();
  });

  it("leaves out what was counted before the first reading", () => {
    expect(folded(unread, of(counter("192.0.2.1", 5))).item).toBeUndefined();
  });

  it("is all of a counter that the kernel forgot and began again", () => {
    expect(
      tell(
        of(counter("192.0.2.1", 50)),
        of(counter("192.0.2.1", 2)),
        of(),
        of(counter("192.0.2.1", 60)),
      ),
    ).toEqual([["192.0.2.1 +2"], [], ["192.0.2.1 +60"]]);
  });

  it("tells ways, directions and protocols of one attacker apart", () => {
    const all = [
      counter("192.0.2.1", 5),
      counter("192.0.2.1", 5, { way: 3 }),
      counter("192.0.2.1", 5, { protocol: 17 }),
      counter("192.0.2.1", 5, { direction: "out", way: 0 }),
      counter("192.0.2.1", 5, { observed: true }),
    ];
    for (const one of all) {
      const grown = all.map((each) =>
        each === one ? { ...each, packets: 6 } : each,
      );
      expect(tell(of(...all), of(...grown))).toEqual([["192.0.2.1 +1"]]);
    }
  });

  it("adds up, over whatever windows, to what was dropped, listed or not", () => {
    const windows = fc.array(
      fc.array(fc.tuple(fc.nat(40), fc.nat(20), fc.boolean()), {
        maxLength: 40,
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(windows, fc.integer({ min: 1, max: 50 }), (dropped, most) => {
        const kernel = new Map<number, number>();
        let baseline = read(of());
        let [told, all, unlisted] = [0, 0, 0];
        for (const window of dropped) {
          for (const [attacker, packets, isListed] of window) {
            const before = kernel.get(attacker) ?? 0;
            if (isListed) kernel.set(attacker, before + packets);
            else unlisted += packets;
            all += packets;
          }
          const counters = [...kernel].map(([attacker, packets]) =>
            counter(`192.0.2.${attacker}`, packets),
          );
          const kept = restored(saved(baseline, 0))?.baseline;
          expect(kept).toEqual(baseline);
          const result = folded(kept!, { counters, unlisted }, most);
          baseline = result.baseline;
          expect(baseline.counts.size).toBeLessThanOrEqual(most);
          told += packetsTold(result.item);
        }
        expect(told).toBe(all);
      }),
    );
  });

  it("counts a packet once that came between the reading of totals and of remotes", () => {
    const before = of(counter("192.0.2.1", 5));
    const after = of(counter("192.0.2.1", 9));
    const first = new HitsFold(read(of()));
    first.add(after.counters);
    const early = first.finish(totalsOf(before), WINDOW);
    expect(packetsTold(early.item)).toBe(9);
    const nothingNew = folded(early.baseline, after);
    expect(nothingNew.item).toBeUndefined();
    const more = { ...of(counter("192.0.2.1", 20)), unlisted: 3 };
    expect(folded(nothingNew.baseline, more).item).toMatchObject({
      ...{ top: [{ packets: 11 }], others: { packets: 3 } },
    });
  });
});

describe("what is remembered of the counters", () => {
  it("survives as text, whatever bytes an address has", () => {
    const reading = of(
      ...["0.0.34.92", "255.128.10.13", "2001:db8:22:5c::ff"].map((remote) =>
        counter(remote, 3),
      ),
    );
    const baseline = read(reading);
    const kept = restored(saved(baseline, 7.5));
    expect(kept).toEqual({ baseline, at: 7 });
    expect(folded(kept!.baseline, reading).item).toBeUndefined();
  });

  it("is bounded, and so is what is written down of it, by those with the most packets", () => {
    const counters = Array.from({ length: 65_536 }, (_, i) =>
      counter(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, i),
    );
    const baseline = read(of(...counters));
    expect(baseline.complete).toBe(false);
    expect(baseline.counts.size).toBe(8_192);
    expect(Math.min(...packetsIn(baseline))).toBe(65_536 - 8_192);
    expect(saved(baseline, 0).length).toBeLessThan(500_000);
  });

  it.each([
    "",
    "{}",
    '{"at":0,"complete":true,"rows":[["a",1]]}',
    '{"at":0,"complete":true,"rows":[["a",1,2]]}', // as 0.1.0 wrote it
  ])("is nothing in %j", (text) => {
    expect(restored(text)).toBeUndefined();
  });
});

describe("the item of a window", () => {
  const itemOf = (reading: Reading) => folded(read(of()), reading).item;

  it("names those with the most packets, and adds the others up", () => {
    const counters = Array.from({ length: 50 }, (_, i) =>
      counter(`192.0.2.${i}`, i + 1),
    );
    const item = itemOf({ counters, unlisted: 1_000 });

    expect(item?.top).toHaveLength(20);
    expect(item?.top[0]).toEqual({
      ...{ remote: "192.0.2.49", direction: "in", protocol: 6, port: 0 },
      ...{ forwarded: false, observed: false, packets: 50, bytes: 3_000 },
    });
    expect(item?.others).toEqual({
      ...{ remotes: 30, packets: 1_465, bytes: 87_900, observed: 0 },
    });
    expect(parseShape(TelemetryItem, item, "item")).toEqual(item);
  });

  it("is told of packets whose remotes were not counted at all", () => {
    expect(itemOf({ counters: [], unlisted: 7 })).toMatchObject({
      ...{ top: [], others: { remotes: 0, packets: 7, observed: 0 } },
    });
  });

  it("tells apart what was let pass, and what passed through", () => {
    const counters = Array.from({ length: 30 }, (_, i): Hit => {
      const observed = i % 2 === 0;
      return counter(`192.0.2.${i}`, i + 1, { observed, forwarded: true });
    });
    const item = itemOf(of(...counters));
    expect(item?.top[0]).toMatchObject({ observed: false, forwarded: true });
    expect(item?.top[1]).toMatchObject({ observed: true, forwarded: true });
    expect(item?.others).toMatchObject({ packets: 55, observed: 25 });
  });

  it("counts an attacker once among the others, by whatever ways he came", () => {
    const many = Array.from({ length: 20 }, (_, i) =>
      counter(`192.0.2.${i}`, 9),
    );
    const ways = [1, 2, 3].map((way) => counter("2001:db8::1", 1, { way }));
    expect(itemOf(of(...many, ...ways))?.others.remotes).toBe(1);
  });
});

const packetsIn = ({ counts }: Baseline): readonly number[] =>
  Array.from(counts.values(), ({ packets }) => packets);

const WINDOW = { from: 1_000, to: 61_000 };

const packetSum = (sum: number, { packets }: { packets: number }) =>
  sum + packets;
