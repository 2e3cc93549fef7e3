import { describe, expect, it } from "@jest/globals";
import type {
  Damage,
  Disturbance,
  Watcher,
} from "../../../agent/enforce/disturbance.js";
import { CannotEnforce, NotEnforced } from "../../../agent/enforce/enforcer.js";
import { makeEvents } from "../../../agent/events/events.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { Repairer } from "../../../agent/walks/reconcile/repair.js";
import { RecordingLogger } from "../../support/agent/agent-fixtures.js";
import { ManualClock } from "../../support/time/clock.js";

const removal = (range = "203.0.113.7"): Disturbance => ({
  depth: "entries",
  ranges: [parseCidr(range)],
  by: { pid: 4711, name: "nftd" },
  what: "removed bans",
});

/** Someone who disturbs, and a kernel that takes repairs in. */
class Bench implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  readonly repairs: Damage[] = [];
  readonly told: string[] = [];
  watcher: Watcher | undefined;
  repair: (damage: Damage) => Promise<void> = () => Promise.resolve();
  readonly repairer = new Repairer({
    enforcer: {
      watch: (watcher) => {
        this.watcher = watcher;
        return { [Symbol.asyncDispose]: () => Promise.resolve() };
      },
    },
    repair: (damage) => {
      this.repairs.push(damage);
      return this.repair(damage);
    },
    missed: () => undefined,
    clock: this.clock,
    events: makeEvents(this.log),
  });

  async disturb(times = 1, what = removal()): Promise<void> {
    for (let i = 0; i < times; i++) {
      this.watcher?.disturbed(what);
      await this.clock.advance(0);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.repairer[Symbol.asyncDispose]();
  }
}

describe("a repairer", () => {
  it("puts right at once, and tells who it was", async () => {
    await using bench = new Bench();
    bench.repairer.tellTo((line) => bench.told.push(line));
    await bench.disturb();
    expect(bench.repairs).toHaveLength(1);
    expect(bench.told).toEqual([
      "nftd (pid 4711) removed bans; put right after 1 ms",
    ]);
  });

  it("keeps what it has to tell until somebody listens", async () => {
    await using bench = new Bench();
    await bench.disturb(2);
    bench.repairer.tellTo((line) => bench.told.push(line));
    expect(bench.told).toHaveLength(2);
  });

  it("repairs together what happens while it repairs", async () => {
    await using bench = new Bench();
    let done: () => void = () => undefined;
    bench.repair = () => new Promise((resolve) => (done = resolve));
    await bench.disturb(1, removal("203.0.113.1"));
    await bench.disturb(1, removal("203.0.113.2"));
    await bench.disturb(1, { ...removal("203.0.113.3"), depth: "rules" });
    expect(bench.repairs).toHaveLength(1);
    bench.repair = () => Promise.resolve();
    done();
    await bench.clock.advance(0);
    expect(bench.repairs).toHaveLength(2);
    expect(bench.repairs[1]).toMatchObject({ depth: "rules" });
    expect(bench.repairs[1]?.ranges).toHaveLength(2);
  });

  it("gives way to who never stops, names him, and is calm afterwards", async () => {
    await using bench = new Bench();
    bench.repairer.tellTo((line) => bench.told.push(line));
    await bench.disturb(8);
    expect(bench.repairs).toHaveLength(8);
    expect(bench.repairer.contested).toBeUndefined();
    await bench.disturb();
    expect(bench.repairs).toHaveLength(8);
    expect(bench.repairer.waits).toBe(true);
    expect(bench.repairer.contested).toBe(
      "nftd (pid 4711), 9 times so far; the last repair waited 1 s",
    );
    await bench.clock.advance(1_000);
    expect(bench.repairs).toHaveLength(9);
    await bench.disturb(3);
    expect(bench.clock.due).toEqual([2_000]);
    await bench.clock.advance(2_000);
    expect(bench.repairs).toHaveLength(10);
    await bench.clock.advance(120_000);
    expect(bench.repairer.contested).toBeUndefined();
    await bench.disturb();
    expect(bench.repairs).toHaveLength(11);
  });

  it("says so when it could not, and goes on with the next", async () => {
    await using bench = new Bench();
    bench.repairer.tellTo((line) => bench.told.push(line));
    bench.repair = () => Promise.reject(new NotEnforced("no memory"));
    await bench.disturb();
    expect(bench.told).toEqual([
      "nftd (pid 4711) removed bans; not put right yet",
    ]);
    bench.repair = () => Promise.resolve();
    await bench.disturb();
    expect(bench.told[1]).toContain("put right");
  });

  it("ends at once while a repair waits, and leaves it to the next start", async () => {
    const bench = new Bench();
    await bench.disturb(9);
    await bench[Symbol.asyncDispose]();
    expect(bench.repairs).toHaveLength(8);
  });

  it("does without being told where the kernel tells nobody", async () => {
    const log = new RecordingLogger();
    await using repairer = new Repairer({
      enforcer: {
        watch: () => {
          throw new CannotEnforce("no events");
        },
      },
      repair: () => Promise.resolve(),
      missed: () => undefined,
      clock: new ManualClock(),
      events: makeEvents(log),
    });
    expect(repairer.healed).toBe(0);
    expect(log.lines).toEqual([
      "error: nothing is heard any more of changes in the kernel",
    ]);
  });
});
