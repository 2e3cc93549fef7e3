import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { Correlator } from "../../../cloud/decide/correlator.js";
import { Rests } from "../../../cloud/decide/rests.js";
import { SharesNow } from "../../../cloud/decide/shares.js";
import type { RecordedObservation } from "../../../cloud/journal/observation-events.js";
import { Turns } from "../../../cloud/rate/turns.js";
import { Looker } from "../../../cloud/rules/looker.js";
import { detection } from "../telemetry/items.js";

const POPULAR = "198.51.100.1";

describe("attackers that a long look came to nothing with", () => {
  it("rest, and are due afterwards for whoever saw them", () => {
    let now = 0;
    const rests = new Rests({ monotonic: () => now });
    rests.begin("short", 49);
    rests.begin("long", 100);
    rests.begin("longest", 1_000_000);
    const resting = ["short", "long", "longest", "another"].filter((each) =>
      rests.isResting(each),
    );
    expect(resting).toEqual(["long", "longest"]);
    const due = ["a", "b"].map((owner) => ({ owner, item: "long" }));
    for (const each of due) expect(rests.wait(each)).toBe(true);
    expect(rests.wait({ owner: "a", item: "longest" })).toBe(true);
    now = 1_999;
    expect(rests.over()).toEqual([]);
    now = 2_000;
    expect(rests.over()).toEqual([...due].reverse());
    now = 30_000;
    expect(rests.over()).toEqual([{ owner: "a", item: "longest" }]);
    expect(rests.over()).toEqual([]);
  });

  it("keep nobody waiting, however often one org reports them", async () => {
    await using stage = openStage();
    const attackers = Array.from({ length: 200 }, (_, n) => `203.0.113.${n}`);
    for (const [n, attacker] of attackers.entries()) {
      stage.tell("loud", POPULAR);
      stage.tell(n % 2 === 0 ? "quiet" : "other", attacker);
      await stage.settled();
    }
    const popular = stage.looked.filter((each) => each === POPULAR).length;
    expect(new Set(stage.looked).size).toBe(201);
    // By number it would be 200 of them, of 120 ms each.
    expect(popular).toBe(1);
    stage.pass(5_000);
    await stage.settled();
    expect(stage.looked.at(-1)).toBe(POPULAR);
    stage.pass(5_000);
    await stage.settled();
    expect(stage.looked).toHaveLength(202);
  });
});

describe("a look during which somebody decided", () => {
  it("is taken again at once", async () => {
    await using stage = openStage({ outdated: 2 });
    stage.tell("one", "203.0.113.7");
    await stage.settled();
    expect(stage.looked).toEqual(Array.from("123", () => "203.0.113.7"));
  });
});

/** Looks at the popular one take 120 ms, and at others 1 ms. */
function openStage({ outdated } = { outdated: 0 }) {
  let now = 1_000;
  let tell: (news: readonly RecordedObservation[]) => void = () => undefined;
  const timers: (() => void)[] = [];
  const looked: string[] = [];
  const clock = {
    ...systemClock,
    monotonic: () => now,
    every: (_: number, act: () => void) => {
      timers.push(act);
      return { [Symbol.dispose]: () => undefined };
    },
  };
  const turns = new Turns(clock);
  const none = { version: 0, by: null, at: null, text: "", rules: [] };
  const correlator = new Correlator({
    ...{ clock, log: silentLogger, turns, settings: { maxPerMinute: 60 } },
    observations: {
      subscribe: (hear) => {
        tell = hear;
        return { [Symbol.dispose]: () => undefined };
      },
    },
    decisions: { append: () => Promise.reject(new Error("nothing is noted")) },
    past: { hosts: () => [], ofHost: () => [] },
    looker: new Looker({
      ...{ clock, turns, weights: { of: () => new Map() } },
      earlier: { count: () => 0 },
      listed: () => Promise.resolve([]),
      evidence: { areThere: () => false, of: () => Promise.resolve([]) },
    }),
    shares: { now: () => new SharesNow(60, new Map()) },
    rule: {
      lookAt: ({ attacker }) => {
        looked.push(attacker);
        now += attacker === POPULAR ? 120 : 1;
        const what = looked.length > outdated ? "nothing" : "outdated";
        return Promise.resolve({ what });
      },
    },
    shadow: { lookAt: () => Promise.resolve() },
    book: {
      inForce: () => none,
      inShadow: () => undefined,
      onChanged: () => ({ [Symbol.dispose]: () => undefined }),
    },
  });
  let seq = 0;
  return {
    looked,
    tell: (org: string, source: string) => {
      seq += 1;
      const key = { agent: org, spool: "s", number: seq };
      const place = { ...key, org, first: seq };
      const items = [detection(source)];
      tell([
        { ...key, seq, at: 0, event: { kind: "telemetry", ...place, items } },
      ]);
    },
    pass: (ms: number) => {
      now += ms;
      for (const act of timers) act();
    },
    settled: async () => {
      for (let n = 0; n < 5; n++) {
        await new Promise((turn) => setImmediate(turn));
      }
    },
    [Symbol.asyncDispose]: () => correlator[Symbol.asyncDispose](),
  };
}
