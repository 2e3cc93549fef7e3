import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseCidr } from "../../agent/model/cidr.js";
import { TelemetryItem } from "../../agent/protocol/telemetry.js";
import { parseShape } from "../../agent/protocol/shapes.js";
import {
  hitsItem,
  restored,
  saved,
  since,
  unread,
  type Baseline,
  type Counter,
} from "../../agent/telemetry/hits.js";

const counter = (remote: string, packets: number, port = 22): Counter => ({
  remote: parseCidr(remote),
  ...{ direction: "in", forwarded: false, observed: false },
  ...{ protocol: 6, port, packets, bytes: packets * 60 },
});

/** "192.0.2.1:22 +3" for what is new in each reading after the first. */
function tell(...readings: (readonly Counter[])[]): string[][] {
  let { baseline } = since(unread, readings[0] ?? []);
  return readings.slice(1).map((reading) => {
    const result = since(baseline, reading);
    baseline = result.baseline;
    return result.fresh.map(
      ({ remote, port, packets }) =>
        `${remote.address.join(".")}:${port} +${packets}`,
    );
  });
}

describe("what the kernel counted since it was last read", () => {
  it("is what a counter grew by", () => {
    expect(tell([counter("192.0.2.1", 5)], [counter("192.0.2.1", 8)])).toEqual([
      ["192.0.2.1:22 +3"],
    ]);
  });

  it("is all of a counter that was not there", () => {
    expect(tell([], [counter("192.0.2.1", 8)])).toEqual([["192.0.2.1:22 +8"]]);
  });

  it("is nothing where nothing was dropped", () => {
    const same = [counter("192.0.2.1", 5)];
    expect(tell(same, same)).toEqual([[]]);
  });

  it("leaves out what was counted before the first reading", () => {
    expect(since(unread, [counter("192.0.2.1", 5)]).fresh).toEqual([]);
  });

  it("is all of a counter that the kernel forgot and began again", () => {
    expect(
      tell(
        [counter("192.0.2.1", 50)],
        [counter("192.0.2.1", 2)],
        [],
        [counter("192.0.2.1", 60)],
      ),
    ).toEqual([["192.0.2.1:22 +2"], [], ["192.0.2.1:22 +60"]]);
  });

  it("tells ports, directions and protocols of one attacker apart", () => {
    const out: Counter = { ...counter("192.0.2.1", 1), direction: "out" };
    expect(
      tell(
        [counter("192.0.2.1", 5), counter("192.0.2.1", 5, 80), out],
        [counter("192.0.2.1", 5), counter("192.0.2.1", 6, 80), out],
      ),
    ).toEqual([["192.0.2.1:80 +1"]]);
  });

  it("adds up, over whatever windows, to what was dropped", () => {
    const windows = fc.array(
      fc.array(fc.tuple(fc.nat(5), fc.nat(20)), { maxLength: 10 }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(windows, (dropped) => {
        const kernel = new Map<number, number>();
        let baseline = since(unread, []).baseline;
        let told = 0;
        let all = 0;
        for (const window of dropped) {
          for (const [attacker, packets] of window) {
            kernel.set(attacker, (kernel.get(attacker) ?? 0) + packets);
            all += packets;
          }
          const counters = [...kernel].map(([attacker, packets]) =>
            counter(`192.0.2.${attacker}`, packets),
          );
          const kept = restored(saved(baseline, 0))?.baseline;
          expect(kept).toEqual(baseline);
          const result = since(kept!, counters);
          baseline = result.baseline;
          told += hitsItem(result.fresh, WINDOW)?.top.reduce(packetSum, 0) ?? 0;
        }
        expect(told).toBe(all);
      }),
    );
  });

  it("never counts a packet twice, though it cannot remember all counters", () => {
    const readings = fc.array(
      fc.array(fc.nat(9), { minLength: 10, maxLength: 10 }),
      { minLength: 1, maxLength: 10 },
    );
    fc.assert(
      fc.property(readings, fc.integer({ min: 0, max: 12 }), (grown, most) => {
        const totals = new Array<number>(10).fill(0);
        let baseline: Baseline = { counts: new Map(), complete: true };
        let told = 0;
        for (const growth of grown) {
          growth.forEach((packets, i) => (totals[i]! += packets));
          const counters = totals.map((packets, i) =>
            counter(`192.0.2.${i}`, packets),
          );
          const result = since(baseline, counters, most);
          expect(result.baseline.counts.size).toBeLessThanOrEqual(most);
          baseline = result.baseline;
          told += result.fresh.reduce(packetSum, 0);
        }
        const all = totals.reduce((sum, each) => sum + each, 0);
        expect(told).toBeLessThanOrEqual(all);
        if (most >= 10) expect(told).toBe(all);
      }),
    );
  });
});

describe("what is remembered of the counters", () => {
  it("survives as text, whatever bytes an address has", () => {
    const reading = ["0.0.34.92", "255.128.10.13", "2001:db8:22:5c::ff"].map(
      (remote) => counter(remote, 3),
    );
    const { baseline } = since(unread, reading);
    const kept = restored(saved(baseline, 7.5));
    expect(kept).toEqual({ baseline, at: 7 });
    expect(since(kept!.baseline, reading).fresh).toEqual([]);
  });

  it.each(["", "{}", '{"at":0,"complete":true,"rows":[["a",1]]}'])(
    "is nothing in %j",
    (text) => {
      expect(restored(text)).toBeUndefined();
    },
  );
});

describe("the item of a window", () => {
  it("is none when nothing was dropped", () => {
    expect(hitsItem([], WINDOW)).toBeUndefined();
  });

  it("names those with the most packets, and adds the others up", () => {
    const counters = Array.from({ length: 50 }, (_, i) =>
      counter(`192.0.2.${i}`, i + 1),
    );
    const item = hitsItem(counters, WINDOW);

    expect(item?.top).toHaveLength(20);
    expect(item?.top[0]).toEqual({
      ...{ remote: "192.0.2.49", direction: "in", protocol: 6, port: 22 },
      ...{ forwarded: false, observed: false, packets: 50, bytes: 3_000 },
    });
    expect(item?.others).toEqual({
      ...{ remotes: 30, packets: 465, bytes: 27_900, observed: 0 },
    });
    expect(parseShape(TelemetryItem, item, "item")).toEqual(item);
  });

  it("tells apart what was let pass, and what passed through", () => {
    const counters = Array.from({ length: 30 }, (_, i): Counter => {
      const observed = i % 2 === 0;
      return { ...counter(`192.0.2.${i}`, i + 1), observed, forwarded: true };
    });
    const item = hitsItem(counters, WINDOW);
    expect(item?.top[0]).toMatchObject({ observed: false, forwarded: true });
    expect(item?.top[1]).toMatchObject({ observed: true, forwarded: true });
    expect(item?.others).toMatchObject({ packets: 55, observed: 25 });
  });

  it("counts an attacker on many ports once among the others", () => {
    const counters = Array.from({ length: 40 }, (_, i) =>
      counter("2001:db8::1", 1, i),
    );
    expect(hitsItem(counters, WINDOW)?.others.remotes).toBe(1);
  });
});

const WINDOW = { from: 1_000, to: 61_000 };

const packetSum = (sum: number, { packets }: { packets: number }) =>
  sum + packets;
