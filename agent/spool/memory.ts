import { randomUUID } from "node:crypto";
import type { TelemetryItem } from "../protocol/telemetry.js";
import type { SpooledMessage } from "./spooled-item.js";
import type { Size } from "./tables.js";

/** As much of a spool as sending takes. */
export interface Outbox {
  readonly id: string;
  counts(): { readonly waiting: Size };
  /** Statements are passed over unless they are wanted. */
  hasUrgent(statements?: boolean): boolean;
  /** Statements are passed over unless they are wanted. */
  next(statements?: boolean): SpooledMessage | undefined;
  markSent(message: Pick<SpooledMessage, "first" | "items">): void;
  /** False for an acknowledgement of what was never sent. */
  acknowledge(spool: string, through: number): boolean;
}

/**
 * A few items that no disk takes: that the disk is full is told all the same.
 * Numbered like those of a spool, and forgotten with the process.
 */
export class MemorySpool implements Outbox {
  readonly id = randomUUID();
  #items: { readonly number: number; readonly item: TelemetryItem }[] = [];
  #last = 0;
  #sent = 0;

  /** Returns how many had to go for it, the oldest that were not sent. */
  keep(item: TelemetryItem): number {
    this.#items.push({ number: ++this.#last, item });
    if (this.#items.length <= MOST_ITEMS) return 0;
    const oldest = this.#items.findIndex(({ number }) => number > this.#sent);
    this.#items.splice(Math.max(0, oldest), 1);
    return 1;
  }

  counts(): { readonly waiting: Size } {
    return { waiting: { items: this.#items.length, bytes: 0 } };
  }

  hasUrgent(): boolean {
    return this.#items.length > 0;
  }

  /** Items whose numbers follow each other. */
  next(): SpooledMessage | undefined {
    const [first] = this.#items;
    if (first === undefined) return undefined;
    const run = this.#items.filter(
      ({ number }, i) => number === first.number + i,
    );
    const items = run.map(({ item }) => item);
    return { type: "telemetry", spool: this.id, first: first.number, items };
  }

  markSent({ first, items }: Pick<SpooledMessage, "first" | "items">): void {
    this.#sent = Math.max(this.#sent, first + items.length - 1);
  }

  acknowledge(spool: string, through: number): boolean {
    if (spool !== this.id || through > this.#sent) return false;
    this.#items = this.#items.filter(({ number }) => number > through);
    return true;
  }
}

/** Fits one message; each is a line of text. */
const MOST_ITEMS = 64;
