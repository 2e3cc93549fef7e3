import type { TelemetryItem } from "../protocol/telemetry.js";
import type { SpooledItem } from "./spooled-item.js";
import type { Clock } from "../runtime/clock.js";
import { putAside } from "../sqlite/quarantine.js";
import { blameSpool, SpoolDamage } from "./damage.js";
import { MemorySpool, type Outbox } from "./memory.js";
import { DEFAULT_LIMITS, Spool, type SpoolLimits } from "./spool.js";

export interface ResilientSpoolPorts {
  readonly path: string;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly limits?: SpoolLimits;
  readonly events: {
    /** A damaged spool lies in this folder now, and a new one was begun. */
    spoolQuarantined(folder: string, why: SpoolDamage): void;
    /** The spool does not take or give anything for now. */
    spoolFailed(why: unknown): void;
    /** It takes again what it had refused. */
    spoolRecovered(why: unknown): void;
  };
}

/**
 * Keeps a spool open from its first use, whatever becomes of its file: a corrupt one is put aside,
 * one that cannot be opened is tried again later. What could not be spooled
 * meanwhile is counted, and said once there is room again; only what says how this
 * host is goes out all the same, from memory. Telemetry that fails never stops the
 * host from enforcing.
 */
export class ResilientSpool implements Disposable {
  readonly #ports: ResilientSpoolPorts;
  #spool: Spool | undefined;
  #failing: unknown = undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Items that no spool has heard of. */
  #lost = 0;
  readonly #memory = new MemorySpool();

  /** What is to be sent: first what no disk takes, then what is spooled. */
  readonly outbox = {
    read: <T>(work: (it: Outbox) => T): T | undefined =>
      this.#memory.hasUrgent() ? work(this.#memory) : this.read(work),
    write: <T>(work: (it: Outbox) => T): T | undefined =>
      this.#memory.hasUrgent() ? work(this.#memory) : this.write(work),
  };

  constructor(ports: ResilientSpoolPorts) {
    this.#ports = ports;
  }

  /** What is wrong with the spool now, if something is. */
  get failing(): unknown {
    return this.#failing;
  }

  /** Spools the items, or counts them as lost. Returns whether they are spooled. */
  append(items: readonly SpooledItem[]): boolean {
    const done = this.write((spool) => {
      this.#sayLost(spool);
      spool.append(items, this.#ports.clock.now());
      return true;
    });
    if (done === undefined) this.keepInMind(items);
    return done ?? false;
  }

  /** Of what could not be spooled, how this host is; the rest counts as lost. */
  keepInMind(items: readonly SpooledItem[]): void {
    for (const item of items) {
      if (item.kind === "health") this.countDropped(this.#memory.keep(item));
      else this.countDropped(1);
    }
  }

  /** Counts items as lost that came too fast to be spooled. */
  countDropped(items: number): void {
    this.#lost += items;
  }

  /** Asks the spool; undefined when there is none, or it failed. */
  read<T>(work: (spool: Spool) => T): T | undefined {
    return this.#attempt(work)?.result;
  }

  /** Changes the spool; undefined when there is none, or nothing was changed. */
  write<T>(work: (spool: Spool) => T): T | undefined {
    const done = this.#attempt(work);
    if (done !== undefined && this.#failing !== undefined) {
      this.#ports.events.spoolRecovered(this.#failing);
      this.#failing = undefined;
    }
    return done?.result;
  }

  [Symbol.dispose](): void {
    this.#spool?.[Symbol.dispose]();
    this.#spool = undefined;
    this.#notBefore = Number.POSITIVE_INFINITY;
  }

  #attempt<T>(work: (spool: Spool) => T): { readonly result: T } | undefined {
    this.#open();
    if (this.#spool === undefined) return undefined;
    try {
      return { result: work(this.#spool) };
    } catch (error) {
      if (!(error instanceof SpoolDamage)) throw error;
      this.#fail(error);
      return undefined;
    }
  }

  /** With a number of its own, before what comes after it. */
  #sayLost(spool: Spool): void {
    if (this.#lost === 0) return;
    const now = this.#ports.clock.now();
    spool.append([droppedItem(now, this.#lost, "spool-full")], now);
    this.#lost = 0;
  }

  #open(): void {
    const { path, clock, limits = DEFAULT_LIMITS } = this.#ports;
    if (this.#spool !== undefined) return;
    if (clock.monotonic() < this.#notBefore) return;
    try {
      this.#spool = Spool.open(path, limits);
    } catch (error) {
      if (!(error instanceof SpoolDamage)) throw error;
      if (error.kind === "corrupt") this.#startAfresh(error);
      else this.#fail(error);
    }
  }

  /** A corrupt file is replaced at once; of others only writing is given up. */
  #fail(error: SpoolDamage): void {
    const { clock, events } = this.#ports;
    if (error.kind === "corrupt") {
      this.#startAfresh(error);
      return;
    }
    if (this.#failing === undefined) events.spoolFailed(error);
    this.#failing = error;
    if (error.kind === "full") return; // reading goes on, and room may come
    this.#close();
    this.#notBefore = clock.monotonic() + PATIENCE_MS;
  }

  #startAfresh(why: SpoolDamage): void {
    const { path, clock, limits = DEFAULT_LIMITS, events } = this.#ports;
    this.#close();
    try {
      const now = clock.now();
      const folder = putAside(path, new Date(now), blameSpool(path));
      const spool = Spool.open(path, limits);
      this.#spool = spool;
      spool.append([droppedItem(now, 1, "spool-lost")], now);
      events.spoolQuarantined(folder, why);
    } catch (error) {
      if (!(error instanceof SpoolDamage)) throw error;
      this.#failing = error;
      this.#notBefore = clock.monotonic() + PATIENCE_MS;
      events.spoolFailed(error);
    }
  }

  /** A file that failed may fail to close: what it holds is on the disk. */
  #close(): void {
    try {
      this.#spool?.[Symbol.dispose]();
    } catch (error) {
      if (!(error instanceof SpoolDamage)) throw error;
    }
    this.#spool = undefined;
  }
}

/** How long a spool that cannot be opened is left alone. */
const PATIENCE_MS = 60_000;

const droppedItem = (
  now: number,
  items: number,
  reason: "spool-full" | "spool-lost",
): TelemetryItem => ({
  kind: "dropped",
  time: Math.floor(now),
  items,
  reason,
});
