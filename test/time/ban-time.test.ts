import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { FOREVER } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { unixSeconds } from "../../agent/runtime/clock.js";
import { BanTime } from "../../agent/time/ban-time.js";
import { unpacked } from "../support/agent/entries.js";
import {
  ban,
  LedgerFolder,
  NOW,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";
import { TestMachine } from "../support/time/boot.js";

const HOUR = 3_600_000;

describe("the time by which bans expire, over restarts and boots", () => {
  let machine: TestMachine;
  let folder: LedgerFolder;
  let ledger: Ledger;
  let time: BanTime;

  const start = () => {
    ledger = folder.open();
    const { clock, boot } = machine;
    time = new BanTime({ clock, boot, ledger });
    time.look();
  };
  const stop = () => {
    time[Symbol.dispose]();
    folder.close();
  };
  const late = () => time.now() - machine.truth;
  const ruleset = () => rulesetOf(ledger, unixSeconds(time.now()));
  const told = () => time.telling()();

  beforeEach(() => {
    machine = new TestMachine(NOW * 1_000);
    folder = new LedgerFolder();
    start();
  });
  afterEach(() => folder[Symbol.dispose]());

  it("does not bring an expired ban back when the clock is set back and the agent restarted", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1", 60), ban("192.0.2.2")]);
    machine.pass(61_000);
    expect(ruleset()).toEqual(["192.0.2.2 3600"]);
    machine.wallError = -HOUR;
    time.look();
    expect(ruleset()).toEqual(["192.0.2.2 3600"]);
    stop();
    start();
    expect(ruleset()).toEqual(["192.0.2.2 3600"]);
  });

  it("does not bring it back over a boot with a clock that has lost its battery", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1", 60), ban("192.0.2.2")]);
    machine.pass(61_000);
    stop();
    machine.reboot(10_000, -30 * 365 * 24 * HOUR);
    start();
    expect(ruleset()).toEqual(["192.0.2.2 3600"]);
    expect(late()).toBe(-10_000);
  });

  it("lives no more than a minute again after a power cut", () => {
    machine.pass(10 * HOUR);
    time.look();
    machine.pass(59_000);
    time.look();
    folder.close();
    machine.reboot(0, -HOUR);
    start();
    expect(late()).toBe(-59_000);
  });

  it("expires nothing early when the clock jumps forward, and says so", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.2")]);
    machine.wallError = 24 * HOUR;
    expect(time.look()).toEqual([
      "the wall clock was moved by 86400 s; bans expire as if it had not been",
    ]);
    expect(time.look()).toEqual([]);
    expect(ruleset()).toEqual(["192.0.2.2 3600"]);
    stop();
    start();
    expect(ruleset()).toEqual(["192.0.2.2 3600"]);
  });

  it("expires what should have while the host was off, once the cloud's date is heard", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.2")]);
    stop();
    machine.reboot(2 * HOUR, 0);
    ledger = folder.open();
    const { clock, boot } = machine;
    time = new BanTime({ clock, boot, ledger });
    expect(time.look()).toEqual([
      "at the boot the wall clock was 7200 s from where the time was left; bans go on from there until the cloud's date says what is right",
    ]);
    expect(ruleset()).toEqual(["192.0.2.2 3600"]);
    expect(time.hear(machine.truth - 1_000)).toEqual([
      "by the cloud's date the time was corrected by 7200 s, and the kernel is told anew how long bans last",
    ]);
    expect(ruleset()).toEqual([]);
  });

  it("keeps what the host's own bans have left when the time is corrected", () => {
    machine.wallError = -2 * HOUR;
    stop();
    machine.reboot(10 * HOUR, -10 * HOUR);
    start();
    const now = unixSeconds(time.now());
    expect(late()).toBe(-10 * HOUR);
    const runs = (range: string, seconds: number) => ({
      ...ban(range),
      expiresAt: now + seconds,
    });
    recordNext(ledger, "local", [
      runs("192.0.2.1", 600),
      runs("192.0.2.2", 5),
      { ...ban("192.0.2.3"), expiresAt: FOREVER },
    ]);
    recordNext(ledger, "urgent", [runs("192.0.2.4", 600)]);
    machine.pass(5_000);
    machine.wallError = 0;
    time.hear(machine.truth);
    expect(late()).toBe(0);
    const left = unpacked(ledger.entries(9, unixSeconds(time.now())));
    expect(left.map(({ expiresAt }) => expiresAt)).toEqual([
      unixSeconds(machine.truth) + 595,
      FOREVER,
    ]);
  });

  it("hears each date once, and an old one never", () => {
    time.hear(machine.truth);
    machine.wallError = -HOUR;
    time.look();
    expect(time.hear(machine.truth - HOUR)).toEqual([]);
    expect(late()).toBe(0);
  });

  it("says that the cloud's clock and the host's disagree", () => {
    time.hear(machine.truth);
    expect(time.hear(machine.truth + HOUR)).toEqual([
      "the cloud's clock is 3600 s from this host's, and is not followed",
    ]);
    expect(late()).toBe(0);
  });

  it("counts kernel timeouts for right until the host sleeps or the time is corrected", () => {
    expect(time.timersAreRight()).toBe(false);
    told();
    machine.pass(24 * HOUR);
    expect(time.timersAreRight()).toBe(true);
    machine.suspend(HOUR);
    expect(time.timersAreRight()).toBe(false);
    expect(time.look()).toEqual([
      "the host slept for 3600 s, and the kernel is told anew how long bans last",
    ]);
    told();
    expect(time.timersAreRight()).toBe(true);

    machine.pause(HOUR);
    expect(time.timersAreRight()).toBe(true); // nobody can know yet
    machine.wallError = 0;
    time.hear(machine.truth);
    expect(time.timersAreRight()).toBe(false);
  });

  it("finds out after a restart that the host slept meanwhile", () => {
    told();
    stop();
    start();
    expect(time.timersAreRight()).toBe(true);
    stop();
    machine.suspend(HOUR);
    start();
    expect(time.timersAreRight()).toBe(false);
  });

  it("believes nothing that it could not write down", () => {
    machine.wallError = 4_000;
    const failing = new BanTime({
      clock: machine.clock,
      boot: machine.boot,
      ledger: {
        timeKept: () => ledger.timeKept(),
        keepTime: () => {
          throw new Error("the disk is full");
        },
      },
    });
    expect(() => failing.look()).toThrow("the disk is full");
    expect(failing.now() - machine.truth).toBe(0);
    failing[Symbol.dispose]();
  });

  it("brings no expired ban back and lets none expire early, whatever happens to a host", () => {
    fc.assert(
      fc.property(fc.array(mishap, { maxLength: 25 }), (mishaps) => {
        using host = new Host();
        for (const each of mishaps) {
          host.suffer(each);
          host.check();
        }
      }),
      { numRuns: 50 },
    );
  });
});

type Mishap =
  | { readonly kind: "ban" | "pass" | "suspend"; readonly seconds: number }
  | { readonly kind: "set"; readonly error: number }
  | { readonly kind: "reboot"; readonly seconds: number; error: number }
  | { readonly kind: "hear" | "restart" | "kill" | "purge" };

const DAY_S = 86_400;

/**
 * Wrong by a day to a month, and left alone for ten minutes after a boot without
 * a cloud, a wall clock that is ahead is taken for right; here it never is.
 */
const error = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -400 * DAY_S, max: 60 }),
  fc.integer({ min: 60 * DAY_S, max: 4_000 * DAY_S }),
);
const seconds = fc.integer({ min: 1, max: 3 * DAY_S });
const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  fc.record({ kind: fc.constantFrom("ban", "pass", "suspend"), seconds }),
  fc.record({ kind: fc.constant("set"), error }),
  fc.record({ kind: fc.constant("reboot"), seconds, error }),
  fc.record({ kind: fc.constantFrom("hear", "restart", "kill", "purge") }),
);

/** A host with a cloud that knows the true time, and bans by it. */
class Host implements Disposable {
  readonly #machine = new TestMachine(NOW * 1_000);
  readonly #folder = new LedgerFolder();
  /** When each ban ends, by range. */
  readonly #ends = new Map<string, number>();
  readonly #gone = new Set<string>();
  #toleranceS = 65;
  #ledger!: Ledger;
  #time!: BanTime;

  constructor() {
    this.#start();
  }

  suffer(each: Mishap): void {
    const machine = this.#machine;
    switch (each.kind) {
      case "ban":
        return this.#ban(each.seconds);
      case "pass":
        machine.pass(each.seconds * 1_000);
        break;
      case "suspend":
        machine.suspend(each.seconds * 1_000);
        break;
      case "set":
        machine.wallError = each.error * 1_000;
        break;
      case "hear":
        this.#time.hear(machine.truth);
        this.#toleranceS = 65;
        break;
      case "purge":
        while (this.#ledger.purge(unixSeconds(this.#time.now()), 1_000));
        break;
      case "reboot":
        this.#time[Symbol.dispose]();
        machine.reboot(each.seconds * 1_000, each.error * 1_000);
        this.#toleranceS += 60;
        return this.#start();
      case "restart":
        this.#time[Symbol.dispose]();
        return this.#start();
      case "kill":
        return this.#start();
    }
    this.#time.look();
  }

  check(): void {
    const now = unixSeconds(this.#time.now());
    const there = new Set(
      unpacked(this.#ledger.entries(100, now)).map(({ cidr }) =>
        formatCidr(cidr),
      ),
    );
    const truth = this.#machine.truth / 1_000;
    for (const [range, end] of this.#ends) {
      if (truth < end - this.#toleranceS) expect(there).toContain(range);
      if (this.#gone.has(range)) expect(there).not.toContain(range);
      if (truth >= end + 1 && !there.has(range)) this.#gone.add(range);
    }
  }

  #ban(lasting: number): void {
    const range = `192.0.2.${this.#ends.size}`;
    const expiresAt = unixSeconds(this.#machine.truth) + lasting;
    const op = { ...ban(range), expiresAt };
    recordNext(this.#ledger, "urgent", [op], unixSeconds(this.#time.now()));
    if (lasting > this.#toleranceS) this.#ends.set(range, expiresAt);
  }

  #start(): void {
    const { clock, boot } = this.#machine;
    this.#ledger = this.#folder.open();
    this.#time = new BanTime({ clock, boot, ledger: this.#ledger });
    this.#time.look();
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
