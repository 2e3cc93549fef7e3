import type { Logger } from "../../agent/log/logger.js";
import type { AgentMessage } from "../../agent/protocol/messages.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { NoRoom } from "../disk/room.js";
import { BatchWriter, type Batch } from "../journal/batch-writer.js";
import type { Journal } from "../journal/journal.js";
import { AgentBudgets } from "../rate/agent-budgets.js";
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
  readonly #buckets: AgentBudgets;
  readonly #held = new Set<string>();
  readonly #writer: BatchWriter;
  /** By batch, as long as there is one: by agent and spool. */
  readonly #inHand = new WeakMap<Batch, Map<string, number>>();

  constructor(ports: IntakePorts) {
    this.#ports = ports;
    this.#buckets = new AgentBudgets(ports.rate, ports.clock);
    this.#writer = new BatchWriter({
      journal: ports.journal,
      clock: ports.clock,
      most: { items: MOST_WAITING, bytes: MOST_BYTES },
      failed: (error, messages) => this.#notRecorded(error, messages),
    });
  }

  /** Resolves once the journal has all of the message's items, or will not. */
  async take(from: Reporter, message: Telemetry): Promise<Taken> {
    const { spool, first, items } = message;
    const last = first + items.length - 1;
    if (first > Number.MAX_SAFE_INTEGER - items.length) return "impossible";
    if (!(await this.#admit(from.agent, items.length))) return "too-fast";
    if (this.#writer.closed) return "not-kept";
    if (!this.#ports.hasRoom()) {
      this.#ports.dropped("telemetry-no-room");
      return "not-kept";
    }

    const durable = this.#ports.through(from.agent, spool);
    if (last <= durable) return "durable";
    const { batch } = this.#writer;
    const inHand = this.#through(batch);
    const key = `${from.agent}/${spool}`;
    const through = Math.max(durable, inHand.get(key) ?? 0);
    if (last > through) {
      const fresh = items.slice(Math.max(0, through + 1 - first));
      const bytes = Buffer.byteLength(JSON.stringify(fresh));
      if (!this.#affords(from, bytes)) return "over-budget";
      const place = { spool, first: last - fresh.length + 1 };
      inHand.set(key, last);
      this.#writer.note(
        { kind: "telemetry", ...from, ...place, items: fresh },
        { items: fresh.length, bytes, urgent: items.some(isUrgent) },
      );
    }
    return (await batch.done) ? "durable" : "not-kept";
  }

  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
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

  /** How far each spool goes by what is in a batch already. */
  #through(batch: Batch): Map<string, number> {
    const known = this.#inHand.get(batch) ?? new Map<string, number>();
    this.#inHand.set(batch, known);
    return known;
  }

  #notRecorded(error: unknown, messages: number): void {
    if (error instanceof NoRoom) this.#ports.dropped("telemetry-no-room");
    this.#ports.log.error("telemetry not recorded", { messages, error });
  }
}

/** Detections and contacts. */
const isUrgent = ({ kind }: { readonly kind: string }) =>
  kind === "detection" || kind === "contact";

/** Items in one append: what journal and read models take within some 20 ms. */
const MOST_WAITING = 512;

/** Bytes in one append: what a read model that finds no room has to catch up with. */
const MOST_BYTES = 1024 * 1024;
