import type { Logger } from "../../agent/log/logger.js";
import type { AgentMessage } from "../../agent/protocol/messages.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { NoRoom } from "../disk/room.js";
import type { TelemetryTaken } from "../journal/events.js";
import type { Journal } from "../journal/journal.js";
import { TokenBucket } from "../rate/token-bucket.js";
import type { Allowances } from "./allowances.js";

/**
 * What became of a telemetry message. `durable`: all its items are in the
 * journal, now or since earlier. `over-budget`: the host keeps it, and says it
 * again later. `not-kept`: the disk failed, or has no room for it.
 */
export type Taken =
  "durable" | "too-fast" | "over-budget" | "not-kept" | "impossible";

/** Whose telemetry it is. */
export interface Reporter {
  readonly agent: string;
  readonly org: string;
}

type Telemetry = AgentMessage & { readonly type: "telemetry" };

/** A spool that filled up while its host was away (50,000) fits the burst. */
export const ITEM_RATE = { perSecond: 100, burst: 65_536 } as const;

export interface IntakePorts {
  readonly journal: Pick<Journal, "append">;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many items an agent may report. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
  /** How many bytes agents and orgs may report. */
  readonly allowances: Pick<Allowances, "take">;
  /** Whether the disk leaves room for telemetry. */
  hasRoom(): boolean;
  /** Something was over a budget. */
  dropped(
    what: "telemetry-over-agent" | "telemetry-over-org" | "telemetry-no-room",
  ): void;
  /** The highest number that the journal has of an agent's spool; 0 for none. */
  through(agent: string, spool: string): number;
}

/**
 * Takes telemetry down, many agents' to one append, and each item once: what a
 * spool has in the journal is read back from the journal's own fold, so that
 * neither a crash nor a repetition can double it.
 */
export class Intake implements Disposable {
  readonly #ports: IntakePorts;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #held = new Set<string>();
  #batch = new Batch();
  #closed = false;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** Resolves once the journal has all of the message's items, or will not. */
  async take(from: Reporter, message: Telemetry): Promise<Taken> {
    const { spool, first, items } = message;
    const last = first + items.length - 1;
    if (first > Number.MAX_SAFE_INTEGER - items.length) return "impossible";
    if (!(await this.#admit(from.agent, items.length))) return "too-fast";
    if (this.#closed) return "not-kept";
    if (!this.#ports.hasRoom()) {
      this.#ports.dropped("telemetry-no-room");
      return "not-kept";
    }

    const durable = this.#ports.through(from.agent, spool);
    if (last <= durable) return "durable";
    const batch = this.#batch;
    const key = `${from.agent}/${spool}`;
    const through = Math.max(durable, batch.through.get(key) ?? 0);
    if (last > through) {
      const fresh = items.slice(Math.max(0, through + 1 - first));
      const bytes = Buffer.byteLength(JSON.stringify(fresh));
      if (!this.#affords(from, bytes)) return "over-budget";
      const place = { spool, first: last - fresh.length + 1 };
      batch.events.push({ kind: "telemetry", ...from, ...place, items: fresh });
      batch.through.set(key, last);
      batch.items += fresh.length;
      batch.bytes += bytes;
      this.#hurry(batch, items.some(isUrgent));
    }
    return (await batch.done) ? "durable" : "not-kept";
  }

  [Symbol.dispose](): void {
    this.#flush(this.#batch);
    this.#closed = true;
  }

  /**
   * Holds one message of an agent back until its rate allows it: whoever waits
   * for acknowledgements is slowed down by that, and only others are too fast.
   */
  async #admit(agent: string, items: number): Promise<boolean> {
    if (this.#held.has(agent)) return false;
    const bucket = this.#bucketOf(agent);
    if (bucket.take(items)) return true;
    this.#held.add(agent);
    await this.#ports.clock.sleep(bucket.msUntil(items));
    this.#held.delete(agent);
    return bucket.take(items);
  }

  /** What is over a budget stays with the host, which says it again later. */
  #affords(from: Reporter, bytes: number): boolean {
    const over = this.#ports.allowances.take(from, bytes);
    if (over !== undefined) this.#ports.dropped(`telemetry-over-${over}`);
    return over === undefined;
  }

  /** Detections and contacts go with this very turn, the rest has a little time. */
  #hurry(batch: Batch, urgent: boolean): void {
    const isLarge = batch.items >= MOST_WAITING || batch.bytes >= MOST_BYTES;
    if (isLarge) this.#flush(batch);
    else if (urgent) setImmediate(() => this.#flush(batch));
    else if (batch.events.length === 1) {
      const flush = () => this.#flush(batch);
      void this.#ports.clock.sleep(PATIENCE_MS).then(flush, flush);
    }
  }

  /** Only the batch in hand: an older one has been flushed for another reason. */
  #flush(batch: Batch): void {
    if (batch !== this.#batch || this.#closed) return;
    this.#batch = new Batch();
    if (batch.events.length === 0) return;
    try {
      this.#ports.journal.append(batch.events);
      batch.settle(true);
    } catch (error) {
      const { length: messages } = batch.events;
      if (error instanceof NoRoom) this.#ports.dropped("telemetry-no-room");
      this.#ports.log.error("telemetry not recorded", { messages, error });
      batch.settle(false);
    }
  }

  /** An agent's own, whichever connection it comes over. */
  #bucketOf(agent: string): TokenBucket {
    const known = this.#buckets.get(agent);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MANY_BUCKETS) {
      for (const [id, bucket] of this.#buckets) {
        if (bucket.full) this.#buckets.delete(id);
      }
    }
    const bucket = new TokenBucket(this.#ports.rate, this.#ports.clock);
    this.#buckets.set(agent, bucket);
    return bucket;
  }
}

/** What goes into one append. */
class Batch {
  readonly events: TelemetryTaken[] = [];
  items = 0;
  bytes = 0;
  readonly through = new Map<string, number>();
  readonly done: Promise<boolean>;
  settle: (durable: boolean) => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }
}

const isUrgent = ({ kind }: { readonly kind: string }) =>
  kind === "detection" || kind === "contact";

const PATIENCE_MS = 50;

/** Items in one append: what journal and read models take within some 20 ms. */
const MOST_WAITING = 512;

/** Bytes in one append: what a read model that finds no room has to catch up with. */
const MOST_BYTES = 1024 * 1024;

/** When there are so many, those that say nothing are let go of. */
const MANY_BUCKETS = 10_000;
