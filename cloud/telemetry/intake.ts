import type { Logger } from "../../agent/log/logger.js";
import type { FromAgent } from "../../agent/protocol/wire.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { NoRoom } from "../disk/room.js";
import { BatchWriter, type Batch } from "../journal/batch-writer.js";
import {
  isSigned,
  type TelemetryTaken,
} from "../journal/observation-events.js";
import type { Observations } from "../journal/observations.js";
import { AgentBudgets } from "../rate/agent-budgets.js";
import type { Allowances } from "./allowances.js";

/**
 * What became of a telemetry message. `durable`: all its items are written
 * down, now or since earlier. `over-budget`: the host keeps it, and says it
 * again later. `not-kept`: the disk failed, or has no room for it.
 */
export type Taken =
  "durable" | "too-fast" | "over-budget" | "not-kept" | "impossible";

/** Whose telemetry it is. */
export interface Reporter {
  readonly agent: string;
  readonly org: string;
}

type Telemetry = FromAgent & { readonly type: "telemetry" };
export type CheckItems = (items: Telemetry["items"]) => void;

/** A spool that filled up while its host was away (50,000) fits the burst. */
export const ITEM_RATE = { perSecond: 100, burst: 65_536 } as const;

export interface IntakePorts {
  readonly observations: Pick<Observations, "put">;
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
  /** The highest number that is written down of a spool; 0 for none. */
  through(agent: string, spool: string): number;
}

/**
 * Takes telemetry down, many agents' to one batch, and each item once: what is
 * written down of a spool is read back from the fold, so that neither a crash nor
 * a repetition can double it.
 */
export class Intake implements AsyncDisposable {
  readonly #ports: IntakePorts;
  readonly #buckets: AgentBudgets;
  readonly #held = new Set<string>();
  readonly #writer: BatchWriter;
  /** By agent and spool: how far it goes by the batch that it is in. */
  readonly #inHand = new Map<string, InHand>();

  constructor(ports: IntakePorts) {
    this.#ports = ports;
    this.#buckets = new AgentBudgets(ports.rate, ports.clock);
    this.#writer = new BatchWriter({
      observations: ports.observations,
      clock: ports.clock,
      most: { items: MOST_WAITING, bytes: MOST_BYTES },
      failed: (error, messages) => this.#notRecorded(error, messages),
    });
  }

  /**
   * Resolves once all of the message's items are written down, or will not be.
   * `check` throws for what may not be; it sees only what is new and affordable.
   */
  async take(
    from: Reporter,
    message: Telemetry,
    check: CheckItems = () => undefined,
  ): Promise<Taken> {
    const { spool, first, items } = message;
    const last = first + items.length - 1;
    if (first > Number.MAX_SAFE_INTEGER - items.length) return "impossible";
    if (!(await this.#admit(from.agent, items.length))) return "too-fast";
    if (!this.#ports.hasRoom()) {
      this.#ports.dropped("telemetry-no-room");
      return "not-kept";
    }

    const key = `${from.agent}/${spool}`;
    if (!(await this.#settled(key))) return "not-kept";
    const durable = this.#ports.through(from.agent, spool);
    if (last <= durable) return "durable";
    const { batch } = this.#writer;
    const through = Math.max(durable, this.#inHand.get(key)?.through ?? 0);
    if (last > through) {
      const fresh = items.slice(Math.max(0, through + 1 - first));
      const bytes = Buffer.byteLength(JSON.stringify(fresh));
      if (!this.#affords(from, bytes)) return "over-budget";
      check(fresh);
      const place = { ...from, spool, first: last - fresh.length + 1 };
      this.#hold(key, { batch, through: last });
      this.#writer.noteTogether(
        takenApart({ kind: "telemetry", ...place, items: fresh }),
        { items: fresh.length, bytes, urgent: items.some(isUrgent) },
      );
    }
    return (await batch.done) ? "durable" : "not-kept";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }

  /**
   * Backpressure, by a token bucket an agent: one message is held back until its
   * rate allows it. An agent that waits for acknowledgements is slowed down by that;
   * one that does not, and sends another meanwhile, is too fast.
   */
  async #admit(agent: string, items: number): Promise<boolean> {
    if (this.#held.has(agent)) return false;
    const bucket = this.#buckets.of(agent);
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

  /**
   * Waits until no batch but the next has anything of the spool. False where one
   * was not written down, since what goes on behind it would leave a gap, and
   * where nothing is any more.
   */
  async #settled(key: string): Promise<boolean> {
    for (;;) {
      const held = this.#inHand.get(key);
      if (held === undefined || held.batch === this.#writer.batch) {
        return !this.#writer.closed;
      }
      if (!(await held.batch.done)) return false;
    }
  }

  #hold(key: string, held: InHand): void {
    this.#inHand.set(key, held);
    void held.batch.done.then(() => {
      if (this.#inHand.get(key)?.batch === held.batch) this.#inHand.delete(key);
    });
  }

  #notRecorded(error: unknown, messages: number): void {
    if (error instanceof NoRoom) this.#ports.dropped("telemetry-no-room");
    this.#ports.log.error("telemetry not recorded", { messages, error });
  }
}

/**
 * What devices signed apart from what they only report, in the order in which it
 * came: the one is kept for longer than the other.
 */
function takenApart(taken: TelemetryTaken): readonly TelemetryTaken[] {
  const apart: TelemetryTaken[] = [];
  let first = 0;
  taken.items.forEach((item, nth) => {
    const next = taken.items[nth + 1];
    if (next !== undefined && isSigned(next) === isSigned(item)) return;
    const items = taken.items.slice(first, nth + 1);
    apart.push({ ...taken, first: taken.first + first, items });
    first = nth + 1;
  });
  return apart;
}

interface InHand {
  readonly batch: Batch;
  readonly through: number;
}

/** Detections, contacts and statements. */
const isUrgent = ({ kind }: { readonly kind: string }) =>
  kind === "detection" || kind === "contact" || kind === "statement";

/** Items in one batch: what file and read models take within some 20 ms. */
const MOST_WAITING = 512;

/** Bytes in one batch: what a read model that finds no room has to catch up with. */
const MOST_BYTES = 1024 * 1024;
