import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  begin,
  hear,
  keep,
  look,
  NEAR_MS,
  PATIENCE_MS,
  PLAUSIBLE_MS,
  STEP_MS,
  timeOf,
  type Belief,
  type Kept,
  type Reading,
} from "../../agent/expiry/belief.js";
import { TestMachine } from "../support/time/boot.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("the time by which bans expire", () => {
  it("is the wall clock's at the very first start", () => {
    const host = new Host();
    expect(host.error).toBe(0);
    expect(host.belief.at).toBe("assumed");
  });

  it("goes on through jumps of the wall clock, forward and back", () => {
    const host = new Host();
    for (const error of [HOUR, -DAY, 10 * 365 * DAY]) {
      host.machine.wallError = error;
      host.look();
      host.pass(MINUTE);
      expect(host.error).toBe(0);
    }
  });

  it("goes on through a restart while the wall clock is wrong", () => {
    const host = new Host();
    host.machine.wallError = HOUR;
    host.restart();
    expect(host.error).toBe(0);
  });

  it("counts the time that the host was suspended", () => {
    const host = new Host();
    host.machine.suspend(9 * HOUR);
    host.look();
    expect(host.error).toBe(0);
  });

  it("follows small steps forward, but no more than one such step in all", () => {
    const host = new Host();
    for (let i = 0; i < 10; i++) {
      host.machine.wallError += 2_000;
      host.look();
    }
    expect(host.error).toBe(4_000);
  });

  it("follows on from there once a signed date has confirmed it", () => {
    const host = new Host();
    host.machine.wallError = 4_000;
    host.hear(0);
    host.machine.wallError = 8_000;
    host.look();
    expect(host.error).toBe(8_000);
  });

  it("takes a wall clock that was set right for right when a signed date is close", () => {
    const host = new Host(-HOUR);
    expect(host.error).toBe(-HOUR);
    host.machine.wallError = 0;
    host.look();
    expect(host.error).toBe(-HOUR);
    host.hear(2_000);
    expect(host.error).toBe(0);
    expect(host.belief.at).toBe("confirmed");
  });

  it("goes back to the truth by a signed date where nothing had confirmed it", () => {
    const host = new Host(365 * DAY);
    host.hear(1_000);
    expect(host.error).toBe(-1_000);
  });

  it("keeps what was confirmed against an old date and a wall clock set back to it", () => {
    const host = new Host();
    host.hear(0);
    host.machine.wallError = -HOUR;
    host.look();
    host.hear(HOUR);
    expect(host.error).toBe(0);
    host.reboot(MINUTE, -HOUR);
    host.hear(HOUR);
    expect(host.error).toBe(-MINUTE);
  });

  it("does not follow a cloud whose clock is ahead of two that agree", () => {
    const host = new Host();
    host.hear(0);
    host.hear(-DAY);
    expect(host.error).toBe(0);
  });

  describe("after a boot", () => {
    it("goes on where it was left, and with a wall clock that is close to that", () => {
      const host = new Host();
      host.reboot(MINUTE - 10_000, 0);
      expect(host.error).toBe(0);
      expect(host.belief.at).toBe("resumed");
    });

    it("goes on where it was left while the wall clock is far from it", () => {
      const host = new Host();
      for (const error of [365 * DAY, -365 * DAY]) {
        host.reboot(HOUR, error);
        expect(host.error).toBe(-HOUR);
        host.hear(0);
        expect(host.error).toBe(0);
      }
    });

    it("believes the wall clock when nobody has set it for ten minutes", () => {
      const host = new Host();
      host.reboot(3 * DAY, -3 * DAY);
      host.pass(5 * MINUTE);
      host.machine.wallError = 0; // as time synchronisation does
      host.look();
      host.pass(PATIENCE_MS - 1_000);
      expect(host.error).toBe(-3 * DAY);
      host.pass(2_000);
      expect(host.error).toBe(0);
      expect(host.belief.at).toBe("assumed");
    });

    it("never believes by itself a wall clock that is more than a month ahead", () => {
      const host = new Host();
      host.reboot(0, PLAUSIBLE_MS + MINUTE);
      host.pass(DAY);
      expect(host.error).toBe(0);
      expect(host.belief.at).toBe("resumed");
    });

    it("takes a boot's clock that went back for another boot's", () => {
      const host = new Host();
      host.pass(HOUR);
      const kept = host.kept();
      const reading = { wall: 0, elapsed: 5_000 };
      const belief = begin(kept, kept.boot, reading);
      expect(timeOf(belief, reading)).toBe(host.machine.truth + 5_000);
    });
  });

  it("is not ahead of the truth, and does not go back, whatever happens to a host", () => {
    fc.assert(
      fc.property(fc.array(mishap, { maxLength: 60 }), (mishaps) => {
        const host = new Host();
        for (const each of mishaps) {
          const before = host.time;
          host.suffer(each);
          if (host.wasMisled) continue;
          const least = Math.min(before, host.machine.truth - LATEST_MS);
          expect(host.time).toBeGreaterThanOrEqual(least);
          expect(host.error).toBeLessThanOrEqual(host.toleranceMs);
          if (each.kind === "hear") {
            expect(host.error).toBeGreaterThanOrEqual(-LATEST_MS);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("comes to the truth once the wall clock and a signed date agree, whatever has happened before", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(mishap, lie), { maxLength: 40 }),
        (mishaps) => {
          const host = new Host();
          for (const each of mishaps) host.suffer(each);
          host.machine.wallError = 0;
          host.hear(0);
          expect(Math.abs(host.error)).toBeLessThanOrEqual(NEAR_MS);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

/** What a host goes through; `age` is how long ago a date was signed. */
type Mishap =
  | { readonly kind: "pass" | "suspend" | "pause"; readonly ms: number }
  | { readonly kind: "set"; readonly error: number }
  | { readonly kind: "reboot"; readonly ms: number; readonly error: number }
  | { readonly kind: "hear"; readonly age: number }
  | { readonly kind: "restart" };

const span = fc.oneof(
  fc.integer({ min: 0, max: 2 * MINUTE }),
  fc.integer({ min: 0, max: 40 * DAY }),
);
const error = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -2 * MINUTE, max: 2 * MINUTE }),
  fc.integer({ min: -400 * DAY, max: 400 * DAY }),
);
const OLDEST_MS = 10_000;

const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  fc.record({ kind: fc.constantFrom("pass", "suspend"), ms: span }),
  fc.record({ kind: fc.constant("set"), error }),
  fc.record({ kind: fc.constant("reboot"), ms: span, error }),
  fc.record({
    kind: fc.constant("hear"),
    age: fc.integer({ min: 0, max: OLDEST_MS }),
  }),
  fc.record({ kind: fc.constant("restart") }),
);

/** What nobody on the host can notice. */
const lie: fc.Arbitrary<Mishap> = fc.oneof(
  fc.record({ kind: fc.constant("pause"), ms: span }),
  fc.record({ kind: fc.constant("hear"), age: span }),
);

/** How late the time may be when a date was just heard. */
const LATEST_MS = NEAR_MS + STEP_MS + OLDEST_MS;

class Host {
  readonly machine = new TestMachine();
  belief: Belief;
  /** A wrong wall clock was taken for right in a boot without a cloud. */
  wasMisled = false;
  #kept: Kept;
  /** Each may bring as much as clocks that agree are apart. */
  #bootsUnheard = 0;

  constructor(wallError = 0) {
    this.machine.wallError = wallError;
    this.belief = begin(undefined, this.machine.boot.id, this.#reading);
    this.#kept = this.kept();
  }

  get time(): number {
    return timeOf(this.belief, this.#reading);
  }

  get error(): number {
    return this.time - this.machine.truth;
  }

  get toleranceMs(): number {
    return NEAR_MS + STEP_MS + this.#bootsUnheard * NEAR_MS;
  }

  kept(): Kept {
    return keep(this.belief, this.machine.boot.id, this.#reading);
  }

  suffer(each: Mishap): void {
    switch (each.kind) {
      case "pass":
        return this.pass(each.ms);
      case "suspend":
        this.machine.suspend(each.ms);
        return this.look();
      case "pause":
        this.machine.pause(each.ms);
        return this.look();
      case "set":
        this.machine.wallError = each.error;
        return this.look();
      case "reboot":
        return this.reboot(each.ms, each.error);
      case "hear":
        return this.hear(each.age);
      case "restart":
        return this.restart();
    }
  }

  pass(ms: number): void {
    this.machine.pass(ms);
    this.look();
  }

  look(): void {
    this.#become(look(this.belief, this.#reading));
  }

  hear(age: number): void {
    this.#become(hear(this.belief, this.#reading, this.machine.truth - age));
    this.#bootsUnheard = 0;
    this.wasMisled = false;
  }

  reboot(offMs: number, wallError: number): void {
    this.machine.reboot(offMs, wallError);
    this.#bootsUnheard++;
    this.restart();
  }

  restart(): void {
    this.#become(begin(this.#kept, this.machine.boot.id, this.#reading));
  }

  #become(belief: Belief): void {
    const isTaken = this.belief.at === "resumed" && belief.at === "assumed";
    if (isTaken && this.machine.wallError > 0) this.wasMisled = true;
    this.belief = belief;
    this.#kept = this.kept();
  }

  get #reading(): Reading {
    const { clock, boot } = this.machine;
    return { wall: clock.now(), elapsed: boot.elapsed() };
  }
}
