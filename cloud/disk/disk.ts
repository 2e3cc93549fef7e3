import { statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { Reserve } from "./reserve.js";
import type { Giving } from "./room.js";
import type { Worth } from "./worth.js";

const MebiBytes = v.pipe(v.number(), v.integer(), v.minValue(1));

/** `disk` of `cloud.json`: what is left free, in MiB; of a small disk a share. */
export const DiskSettings = v.strictObject({
  /** With less, no telemetry is taken; at most a tenth of the disk. */
  telemetryMiB: v.optional(MebiBytes, 1_024),
  /** With less, no receipts, refusals and rules' bans; at most a twentieth. */
  answersMiB: v.optional(MebiBytes, 256),
  /** Kept for operators' orders and identities; at most a tenth. */
  reserveMiB: v.optional(MebiBytes, 32),
});
export type DiskSettings = v.InferOutput<typeof DiskSettings>;

export interface DiskPorts {
  readonly clock: Pick<Clock, "every" | "monotonic">;
  readonly log: Logger;
}

/** What the disk leaves room for, the first thing first to go. */
export type DiskState = "roomy" | "no-telemetry" | "orders-only" | "full";

/** The disk that the cloud's folder lies on, and who may still write to it. */
export class Disk implements Giving, Disposable {
  readonly dir: string;
  readonly settings: DiskSettings;
  readonly #said: Sentences;
  readonly #log: Logger;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #reserve: Reserve;
  readonly #floors: Readonly<Record<Worth, number>>;
  readonly #timer: Disposable;
  #free: number;
  #lookedAt: number;
  #state: DiskState = "roomy";

  constructor(
    dir: string,
    settings: DiskSettings,
    ports: DiskPorts,
    said: Sentences = ofAll,
  ) {
    const { total, free } = sizeOf(dir);
    this.dir = dir;
    this.settings = settings;
    this.#said = said;
    this.#log = ports.log;
    this.#clock = ports.clock;
    const { telemetryMiB, answersMiB, reserveMiB } = settings;
    this.#floors = {
      telemetry: Math.min(telemetryMiB * MIB, total / 10),
      answers: Math.min(answersMiB * MIB, total / 20),
      orders: 0,
    };
    this.#free = free;
    this.#lookedAt = ports.clock.monotonic();
    const bytes = Math.min(reserveMiB * MIB, total / 10);
    this.#reserve = new Reserve(join(dir, "reserve"), bytes);
    this.#timer = ports.clock.every(LOOK_EVERY_MS, () => this.look());
    this.look();
  }

  /** Whether something of this worth may still be written down. */
  admits(worth: Worth): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt > FRESH_MS) this.#measure();
    return worth === "orders" || this.#free >= this.#floors[worth];
  }

  /** Gives up a piece of what is kept for orders. */
  release(): boolean {
    const released = this.#reserve.release();
    if (released)
      this.#log.warn("the disk is full: a reserve is used", this.report());
    this.#measure();
    return released;
  }

  report() {
    return {
      dir: this.dir,
      state: this.#state,
      freeBytes: this.#free,
      telemetryFloorBytes: Math.floor(this.#floors.telemetry),
      answersFloorBytes: Math.floor(this.#floors.answers),
      reserveBytes: this.#reserve.bytes,
      reserveLeftBytes: this.#reserve.left,
    };
  }

  /** Keeps the reserve whole where there is room, and says how things stand. */
  look(): void {
    this.#measure();
    const spare = this.#free - this.#floors.answers;
    if (spare > 0) this.#reserve.fill(Math.min(spare, FILLED_AT_ONCE));
    const state = this.#judge();
    if (state === this.#state) return;
    this.#state = state;
    const say = state === "roomy" ? "info" : "error";
    this.#log[say](this.#said[state], this.report());
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#reserve[Symbol.dispose]();
  }

  #measure(): void {
    this.#free = sizeOf(this.dir).free;
    this.#lookedAt = this.#clock.monotonic();
  }

  #judge(): DiskState {
    const { telemetry, answers } = this.#floors;
    if (this.#free >= telemetry) return "roomy";
    if (this.#free >= answers) return "no-telemetry";
    const some = this.#free > 0 || this.#reserve.left > 0;
    return some ? "orders-only" : "full";
  }
}

/**
 * The disk of a folder within the cloud's, should it be a mount of its own. It
 * keeps what opening files takes, and nothing for orders.
 */
export function openOwnDisk(
  dir: string,
  around: Disk,
  ports: DiskPorts,
): Disk | undefined {
  const isSame = statSync(dir).dev === statSync(around.dir).dev;
  const settings = { ...around.settings, reserveMiB: OPENING_MIB };
  return isSame ? undefined : new Disk(dir, settings, ports, ofObservations);
}

const OPENING_MIB = 4;

/** What is told of each state, as it begins. */
type Sentences = Readonly<Record<DiskState, string>>;

const ofAll: Sentences = {
  roomy: "the disk has room again; everything is taken",
  "no-telemetry": "the disk is short: no telemetry is taken; hosts keep theirs",
  "orders-only":
    "the disk is nearly full: only operators' orders and identities are taken",
  full: "the disk is full, and the reserve used up: no order is taken",
};

const FULL_OF_OBSERVATIONS =
  "the observations' disk is full: nothing that hosts say is kept; decisions go on";

const ofObservations: Sentences = {
  roomy: "the observations' disk has room again; everything is taken",
  "no-telemetry":
    "the observations' disk is short: no telemetry is taken; hosts keep theirs",
  "orders-only": FULL_OF_OBSERVATIONS,
  full: FULL_OF_OBSERVATIONS,
};

function sizeOf(dir: string): {
  readonly total: number;
  readonly free: number;
} {
  const { bsize, blocks, bavail } = statfsSync(dir);
  return { total: blocks * bsize, free: bavail * bsize };
}

const MIB = 1024 * 1024;

/** A disk fills by some hundred MB a second at most. */
const LOOK_EVERY_MS = 1_000;
const FRESH_MS = 100;

/** So much is written within a few milliseconds. */
const FILLED_AT_ONCE = 4 * MIB;
