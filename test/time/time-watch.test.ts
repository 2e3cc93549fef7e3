import { describe, expect, it } from "@jest/globals";
import { makeEvents } from "../../agent/events/events.js";
import { BanTime } from "../../agent/time/ban-time.js";
import { TimeWatch } from "../../agent/time/time-watch.js";
import { RecordingLogger } from "../support/agent/agent-fixtures.js";
import { LedgerFolder } from "../support/agent/ledger.js";
import { TestMachine } from "../support/time/boot.js";

const HOUR = 3_600_000;

describe("watching the time", () => {
  it("has the kernel told anew within 15 seconds of the host's sleep", () => {
    using world = new World();
    world.time.telling()();
    world.tick();
    expect(world.enforced).toBe(0);
    world.machine.suspend(HOUR);
    world.tick();
    expect(world.enforced).toBe(1);
    expect(world.jumps).toEqual([
      "the host slept for 3600 s, and the kernel is told anew how long bans last",
    ]);
    world.tick();
    expect(world.enforced).toBe(2); // until it was
  });

  it("leaves the kernel alone when the wall clock jumps, and tells of it", () => {
    using world = new World();
    world.time.telling()();
    world.machine.wallError = HOUR;
    world.tick();
    expect(world.enforced).toBe(0);
    expect(world.jumps).toHaveLength(1);
    expect(world.log.lines).toEqual([
      "warn: the clock jumped, or the host slept",
    ]);
  });

  it("has the kernel told anew at once when a signed date corrects the time", () => {
    using world = new World(-HOUR);
    world.time.telling()();
    world.machine.wallError = 0;
    world.watch.dated(world.machine.truth);
    expect(world.enforced).toBe(1);
    expect(world.time.now()).toBe(world.machine.truth);
  });

  it("goes on, and tells, when the time cannot be written down", () => {
    using world = new World();
    world.folder.close();
    world.machine.pass(HOUR);
    world.tick();
    expect(world.log.lines).toEqual([
      "error: could not keep the time that bans expire by",
    ]);
    expect(world.time.now()).toBe(world.machine.truth);
  });
});

class World implements Disposable {
  readonly machine = new TestMachine();
  readonly folder = new LedgerFolder();
  readonly log = new RecordingLogger();
  readonly jumps: string[] = [];
  readonly time: BanTime;
  readonly watch: TimeWatch;
  enforced = 0;
  #tick: () => void = () => undefined;

  constructor(wallError = 0) {
    this.machine.wallError = wallError;
    const { clock, boot } = this.machine;
    this.time = new BanTime({ clock, boot, ledger: this.folder.open() });
    this.watch = new TimeWatch({
      time: this.time,
      clock: {
        every: (ms, tick) => {
          expect(ms).toBe(15_000);
          this.#tick = tick;
          return { [Symbol.dispose]: () => undefined };
        },
      },
      events: makeEvents(this.log),
      jumped: (what) => this.jumps.push(what),
      enforceSoon: () => {
        this.enforced++;
        return Promise.resolve();
      },
    });
    this.enforced = 0; // at the very first start nothing was told yet
  }

  tick(): void {
    this.machine.pass(15_000);
    this.#tick();
  }

  [Symbol.dispose](): void {
    this.watch[Symbol.dispose]();
    this.folder[Symbol.dispose]();
  }
}
