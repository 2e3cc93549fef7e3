import { randomUUID } from "node:crypto";
import { limits } from "../protocol/limits.js";
import { parseJson, parseShape } from "../protocol/shapes.js";
import type { ItemOf } from "../protocol/telemetry.js";
import { Database } from "../sqlite/database.js";
import { blameSpool, SpoolDamage } from "./damage.js";
import { isUrgent, evictionPriority } from "./eviction.js";
import { migrations } from "./format.js";
import { SpooledItem, type SpooledMessage } from "./spooled-item.js";
import { Tables, type Row, type Size } from "./tables.js";

export type { SpooledMessage };

/** How much a spool may hold, and what it holds. */
export interface SpoolLimits {
  readonly items: number;
  /** Of the items' JSON. */
  readonly bytes: number;
  /** The file may not grow beyond this; four times `bytes` unless given. */
  readonly fileBytes?: number;
}

export interface SpoolCounts {
  /** What waits for an acknowledgement. */
  readonly waiting: Size;
  /** The highest number ever given to an item; 0 while none was. */
  readonly last: number;
  /** The highest number ever sent, and the highest acknowledged. */
  readonly sent: number;
  readonly acked: number;
  /** How many items this spool has let go of unsent. */
  readonly dropped: number;
}

/**
 * The outbox of what is to be reported: numbered when it comes, kept until the cloud
 * has acknowledged it, bounded by evicting what is worth least. What a method
 * returned from is on the disk. Errors of the file are `SpoolDamage`.
 */
export class Spool implements Disposable {
  /** Names this numbering: drawn when the file was made. */
  readonly id: string;
  readonly #db: Database;
  readonly #tables: Tables;
  readonly #limits: SpoolLimits;
  #size: Size;
  /** How far it was sent and acknowledged in this life: a full disk may not know. */
  #sent = 0;
  #acked = 0;

  private constructor(db: Database, most: SpoolLimits) {
    this.#db = db;
    this.#tables = new Tables(db);
    this.#limits = most;
    this.id = db.transaction(() => this.#identify());
    this.#size = db.read(() => this.#tables.size());
  }

  /**
   * Opens the spool, made when there is none.
   * @throws SpoolDamage
   */
  static open(path: string, most: SpoolLimits = DEFAULT_LIMITS): Spool {
    const db = Database.open(path, {
      applicationId: APPLICATION_ID,
      migrations,
      mostBytes: most.fileBytes ?? most.bytes * PAGES_HALF_FULL,
      blame: blameSpool(path),
    });
    try {
      return new Spool(db, most);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /**
   * Numbers the items and keeps them: all of them or none. Where that is more
   * than may be kept, the word that something was dropped takes the place of
   * what had to go; `now` is its date.
   * @throws Malformed when an item is none
   */
  append(items: readonly SpooledItem[], now: number): void {
    this.#add(items, now);
  }

  /**
   * What would be sent next: the oldest items, as many as go into one message.
   * Statements are passed over for who takes none.
   */
  next(statements = false): SpooledMessage | undefined {
    return this.#db.read(() => {
      const oldest = this.#tables.fromOldest(
        this.#acked,
        limits.telemetryItems,
        statements,
      );
      const run = oldest.slice(0, runLength(oldest));
      const [first] = run;
      if (first === undefined) return undefined;
      return {
        type: "telemetry",
        spool: this.id,
        first: first.number,
        items: run.map(readItem),
      };
    });
  }

  /**
   * Takes note, before it is sent, that a message is. What was sent may have
   * arrived, so it is neither let go of nor replaced until it is acknowledged.
   */
  markSent({ first, items }: Pick<SpooledMessage, "first" | "items">): void {
    const through = first + items.length - 1;
    this.#sent = Math.max(this.#sent, through);
    this.#orLater(() =>
      this.#db.transaction(() => {
        if (through <= this.#tables.counter("sent")) return;
        this.#tables.setCounter("sent", through);
      }),
    );
  }

  /**
   * Forgets what the cloud has for good. Returns false, and does nothing, for
   * an acknowledgement of what this spool has never sent.
   */
  acknowledge(spool: string, through: number): boolean {
    if (spool !== this.id) return false;
    if (through > this.#sentThrough()) return false;
    this.#acked = Math.max(this.#acked, through);
    this.#orLater(() =>
      this.#change((size) => {
        if (through <= this.#tables.counter("acked")) return size;
        this.#tables.removeThrough(through);
        this.#tables.setCounter("acked", through);
        return this.#tables.size();
      }),
    );
    return true;
  }

  /**
   * Whether something waits that others may have to act on now. Statements are
   * passed over for who takes none.
   */
  hasUrgent(statements = false): boolean {
    return this.#db.read(() => this.#tables.hasUrgent(statements));
  }

  /** How full it is, 0 to 1. */
  fullness(): number {
    const { items, bytes } = this.#limits;
    return Math.max(this.#size.items / items, this.#size.bytes / bytes);
  }

  counts(): SpoolCounts {
    return this.#db.read(() => ({
      waiting: this.#size,
      last: this.#tables.lastNumber(),
      sent: this.#tables.counter("sent"),
      acked: this.#tables.counter("acked"),
      dropped: this.#tables.counter("dropped"),
    }));
  }

  /** A text that is kept beside the items. */
  note(key: NoteKey): string | undefined {
    return this.#db.read(() => this.#tables.text(key));
  }

  /** As `append`, and keeps a note of it in the same step. */
  appendNoting(items: readonly SpooledItem[], note: Note, now: number): void {
    this.#add(items, now, note);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #add(items: readonly SpooledItem[], now: number, note?: Note): void {
    const rows = items.map(rowOf);
    this.#change((size) => {
      if (note !== undefined) this.#tables.setText(note.key, note.text);
      for (const row of rows) this.#tables.insert(row);
      return this.#shrink(grown(size, rows), now);
    });
  }

  #identify(): string {
    const known = this.#tables.text("spool");
    if (known !== undefined) return known;
    const drawn = randomUUID();
    this.#tables.setText("spool", drawn);
    return drawn;
  }

  #sentThrough(): number {
    const noted = this.#db.read(() => this.#tables.counter("sent"));
    return Math.max(this.#sent, noted);
  }

  /** A full disk keeps nothing from being sent: it takes note of the next one. */
  #orLater(note: () => void): void {
    try {
      note();
    } catch (error) {
      if (!(error instanceof SpoolDamage && error.kind === "full")) throw error;
    }
  }

  /** The size is believed only once what it counts is on the disk. */
  #change(work: (size: Size) => Size): void {
    this.#size = this.#db.transaction(() => work(this.#size));
  }

  /** Lets go of the cheapest until there is room, and some to spare. */
  #shrink(size: Size, now: number): Size {
    const most = this.#limits;
    if (size.items <= most.items && size.bytes <= most.bytes) return size;
    const sent = Math.max(this.#sent, this.#tables.counter("sent"));
    const goal = { items: most.items * SPARE, bytes: most.bytes * SPARE };
    let { items, bytes } = size;
    let gone = 0;
    let place = 0;
    while (items >= goal.items || bytes > goal.bytes) {
      const [cheapest] = this.#tables.cheapest(sent, 1);
      if (cheapest === undefined) break;
      this.#tables.remove(cheapest.number);
      items--;
      bytes -= cheapest.bytes;
      place = Math.max(place, cheapest.number);
      gone++;
    }
    return gone === 0 ? size : this.#sayDropped({ gone, place, sent, now });
  }

  /** One word for all that was let go of and not told yet, where the last was. */
  #sayDropped({ gone, place, sent, now }: Gone): Size {
    let told = gone;
    let number = place;
    for (const earlier of this.#tables.dropsBeyond(sent)) {
      const item = readItem(earlier);
      if (item.kind !== "dropped" || item.reason !== "spool-full") continue;
      this.#tables.remove(earlier.number);
      told += item.items;
      number = Math.max(number, earlier.number);
    }
    const item: ItemOf<"dropped"> = {
      kind: "dropped",
      time: Math.floor(now),
      items: told,
      reason: "spool-full",
    };
    this.#tables.place({ number, ...rowOf(item) });
    const dropped = this.#tables.counter("dropped") + gone;
    this.#tables.setCounter("dropped", dropped);
    return this.#tables.size();
  }
}

/** How far a thing was told, so that the same is not told again. */
export interface Note {
  readonly key: NoteKey;
  readonly text: string;
}

export type NoteKey = "inventory" | "raised" | "hits";

interface Gone {
  readonly gone: number;
  /** The highest number that was let go of. */
  readonly place: number;
  readonly sent: number;
  readonly now: number;
}

export const DEFAULT_LIMITS: SpoolLimits = {
  items: 50_000,
  bytes: 32 * 1024 ** 2,
};

/** "tqsp". */
const APPLICATION_ID = 0x74717370;

/** Beside the items there are their indexes, and pages that are half full. */
const PAGES_HALF_FULL = 4;

/** Shrinking goes this far, so that not every item that comes shrinks again. */
const SPARE = 63 / 64;

/** What a message has around its items, with room to spare. */
const ENVELOPE_BYTES = 256;

/** Of a whole message. */
const MOST_MESSAGE_BYTES = 60 * 1024;

/** How many of the rows follow each other by number and fit into one message. */
function runLength(rows: readonly Row[]): number {
  let bytes = ENVELOPE_BYTES;
  let length = 0;
  for (const row of rows) {
    bytes += row.bytes + 1;
    const follows = row.number === (rows[0]?.number ?? 0) + length;
    if (!follows || (bytes > MOST_MESSAGE_BYTES && length > 0)) break;
    length++;
  }
  return length;
}

function rowOf(item: SpooledItem): Omit<Row, "number"> {
  const text = JSON.stringify(parseShape(SpooledItem, item, "telemetry"));
  return {
    worth: evictionPriority(item),
    urgent: isUrgent(item) ? 1 : 0,
    bytes: Buffer.byteLength(text),
    item: text,
  };
}

/**
 * What an earlier version kept may not be what this one may send, and a cloud
 * would refuse it for ever: it counts as lost then.
 */
function readItem({ item }: Pick<Row, "item">): SpooledItem {
  try {
    return parseJson(SpooledItem, item, "spooled item");
  } catch {
    return { kind: "dropped", time: 0, items: 1, reason: "spool-lost" };
  }
}

function grown(
  { items, bytes }: Size,
  rows: readonly Pick<Row, "bytes">[],
): Size {
  return {
    items: items + rows.length,
    bytes: rows.reduce((sum, row) => sum + row.bytes, bytes),
  };
}
