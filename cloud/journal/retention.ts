import { setImmediate as nextTurn } from "node:timers/promises";
import * as v from "valibot";
import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { isDiskTrouble, NoRoom } from "../disk/room.js";
import type { Database, Statement } from "./database.js";
import type { Kept, Observations } from "./observations.js";

const Days = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(36_500));

/** `observations` of `cloud.json`: how long what agents said is kept. */
export const ObservationSettings = v.strictObject({
  /** Telemetry, refusals, and when agents came. */
  keepDays: v.optional(Days, 90),
  /** What devices signed: receipts, statements, histories that diverge, clones. */
  receiptsKeepDays: v.optional(Days, 400),
  /** Of the file, in MiB: beyond it the oldest go earlier. */
  maxMiB: v.optional(v.pipe(v.number(), v.integer(), v.minValue(16)), 51_200),
});
export type ObservationSettings = v.InferOutput<typeof ObservationSettings>;

export interface RetentionPorts {
  readonly clock: Pick<Clock, "every" | "now" | "monotonic">;
  readonly log: Logger;
  readonly observations: Pick<Observations, "forget" | "drop" | "bytes">;
  /** The view of the observations. */
  readonly observed: Database;
  /** Up to which observation the decisions hold digests. */
  digested(): number;
}

/**
 * Forgets what agents said once it is old, or takes too much room, a few rows at a
 * time. What is forgotten keeps its commitment until nothing beside it can be
 * shown any more.
 */
export class Retention implements AsyncDisposable {
  readonly #settings: ObservationSettings;
  readonly #ports: RetentionPorts;
  readonly #timer: Disposable;
  readonly #folded: Readonly<Record<Kept, readonly Statement<never>[]>>;
  readonly #forgotten = { reports: 0, evidence: 0 };
  #working: Promise<void> | undefined;
  #untold = 0;
  /** As measured last: who reports asks with each message. */
  #bytes: number;
  #toldAt = -Infinity;
  #isOver = false;

  constructor(settings: ObservationSettings, ports: RetentionPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#bytes = ports.observations.bytes();
    const deletes = (table: string): Statement<never> =>
      ports.observed.prepare(`DELETE FROM ${table} WHERE seq <= ?`);
    this.#folded = {
      reports: BY_SEQ.reports.map(deletes),
      evidence: BY_SEQ.evidence.map(deletes),
    };
    this.#timer = ports.clock.every(EVERY_MS, () => {
      this.#working ??= this.#work();
    });
  }

  /** False while the file is so far over its budget that forgetting lags behind. */
  hasRoom(): boolean {
    return this.#bytes <= this.#most * FAR;
  }

  report() {
    const { keepDays, receiptsKeepDays } = this.#settings;
    return {
      bytes: this.#measured(),
      mostBytes: this.#most,
      ...{ keepDays, receiptsKeepDays },
      /** Since the start. */
      forgotten: { ...this.#forgotten },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await this.#working;
  }

  get #most(): number {
    return this.#settings.maxMiB * MIB;
  }

  /** Never rejects: a disk that is full has room once something was forgotten. */
  async #work(): Promise<void> {
    try {
      await this.#forgetSome();
    } catch (error) {
      const isRoom = error instanceof NoRoom || isDiskTrouble(error);
      if (!isRoom) {
        this.#ports.log.error("observations cannot be forgotten", { error });
      }
    }
    this.#tell();
    this.#working = undefined;
  }

  async #forgetSome(): Promise<void> {
    const { clock, observations } = this.#ports;
    const { keepDays, receiptsKeepDays } = this.#settings;
    const now = clock.now();
    await this.#forget("reports", now - keepDays * DAY_MS);
    await this.#forget("evidence", now - receiptsKeepDays * DAY_MS);
    this.#say(this.#measured() > this.#most);
    for (let step = 0; step < STEPS && this.#isOver; step++) {
      await nextTurn();
      const gone =
        (await this.#forget("reports", Infinity, FEW_ROWS)) ||
        (await this.#forget("evidence", Infinity, FEW_ROWS));
      if (gone === 0) break;
      this.#say(this.#measured() > this.#most);
    }
    await observations.drop(this.#ports.digested(), ROWS);
  }

  /**
   * The view forgets all that the log has forgotten by now, whatever it missed
   * before.
   * @returns how many rows were looked at
   */
  async #forget(kept: Kept, before: number, most = ROWS): Promise<number> {
    const { observations, observed } = this.#ports;
    const asked = [kept, before, most] as const;
    const { looked, forgotten, through } = await observations.forget(...asked);
    observed.transaction(() => {
      for (const each of this.#folded[kept]) each.run(through);
    })();
    this.#forgotten[kept] += forgotten;
    this.#untold += forgotten;
    return looked;
  }

  #measured(): number {
    this.#bytes = this.#ports.observations.bytes();
    return this.#bytes;
  }

  #say(isOver: boolean): void {
    if (isOver && !this.#isOver) {
      const what = "observations take more than they may: the oldest go";
      this.#ports.log.warn(what, this.report());
    }
    this.#isOver = isOver;
  }

  #tell(): void {
    const now = this.#ports.clock.monotonic();
    if (this.#untold === 0 || now - this.#toldAt < TOLD_EVERY_MS) return;
    this.#ports.log.info("old observations were forgotten", this.report());
    this.#untold = 0;
    this.#toldAt = now;
  }
}

/** Tables of the view that have rows by observation, each of one kind's alone. */
const BY_SEQ = {
  reports: ["refusals", "boots"],
  evidence: ["receipts", "divergences", "clones", "statements"],
} as const satisfies Record<Kept, readonly string[]>;

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const EVERY_MS = 1_000;
const TOLD_EVERY_MS = 60 * 60 * 1000;

/** Rows in one step: some ten milliseconds. */
const ROWS = 500;

/** While the file is too large: steps in one go, and rows of up to 100 KiB in one. */
const STEPS = 64;
const FEW_ROWS = 16;

/** Beyond this much of its budget no telemetry is taken until some was forgotten. */
const FAR = 1.1;
