import { dirname } from "node:path";
import type { Clock } from "../../agent/runtime/clock.js";
import {
  isDiskTrouble,
  mayPass,
  NoRoom,
  withRoom,
  type Giving,
} from "../disk/room.js";
import type { Worth } from "../disk/worth.js";
import { openDatabase, type Database, type Statement } from "./database.js";
import type { Event, Recorded } from "./events.js";
import {
  JournalConflict,
  JournalDelayed,
  JournalUnfollowed,
  type Follower,
  type Journal,
  type JournalListener,
} from "./journal.js";
import { worthOf } from "./worth.js";

/** As much of the disk as a journal needs to know. */
export interface JournalDisk extends Giving {
  /** Whether something of this worth may still be written down. */
  admits(worth: Worth): boolean;
}

/** A fold that cannot follow for want of room. */
export interface Lag {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly why: Error;
}

/** The embedded journal: one SQLite table, one fsync an append. */
export class SqliteJournal implements Journal, Disposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #insert: Statement<never>;
  readonly #read: (from: number, limit: number) => readonly Recorded[];
  readonly #disk: JournalDisk;
  readonly #followers = new Set<Follower>();
  readonly #listeners = new Set<JournalListener>();
  readonly #timer: Disposable;
  #last: number;
  /** The newest event that all listeners have heard of. */
  #told: number;
  #lag: Lag | undefined;
  #broken: JournalUnfollowed | undefined;
  #break: (why: JournalUnfollowed) => void = () => undefined;

  /** Resolves once the process had better end: nothing more is appended. */
  readonly broken = new Promise<JournalUnfollowed>((resolve) => {
    this.#break = resolve;
  });

  private constructor(database: Database, clock: Clock, disk: JournalDisk) {
    this.#database = database;
    this.#clock = clock;
    this.#disk = disk;
    this.#insert = database.prepare(
      "INSERT INTO events (seq, at, body, bytes) VALUES (?, ?, ?, ?)",
    );
    this.#read = journalReader(database);
    this.#last = lastOf(database);
    this.#told = this.#last;
    this.#timer = clock.every(CATCH_UP_EVERY_MS, () => this.#catchUp());
  }

  static open(
    path: string,
    clock: Clock,
    disk: JournalDisk = BOUNDLESS,
  ): SqliteJournal {
    const database = withRoom(disk, () => openDatabase(path, "full"));
    withRoom(disk, () => database.exec(SCHEMA));
    return new SqliteJournal(database, clock, disk);
  }

  /** Undefined while all that is decided by is level with the journal. */
  get lag(): Lag | undefined {
    return this.#lag;
  }

  append(events: readonly Event[], expectedLast = this.#last): number {
    if (this.#broken !== undefined) throw this.#broken;
    const worth = worthOf(events);
    const reserve = worth === "orders" ? this.#disk : NONE;
    if (!this.#disk.admits(worth)) throw new NoRoom(this.#folder);
    if (!this.#isLevel([], reserve)) throw this.#delayed();
    const appended = this.#write(events, expectedLast, reserve);
    this.#last = expectedLast + appended.length;
    if (!this.#isLevel(appended, reserve)) throw this.#delayed();
    return this.#last;
  }

  read(from: number, limit: number): readonly Recorded[] {
    return this.#read(from, limit);
  }

  last(): number {
    return this.#last;
  }

  /** What is durable, and not yet in what is decided by. */
  untold(): readonly Recorded[] {
    if (this.#lag === undefined) return [];
    return this.read(this.#told + 1, TOLD_AT_ONCE);
  }

  follow(follower: Follower): Disposable {
    try {
      withRoom(this.#disk, () => follower.take([]));
    } catch (cause) {
      if (!mayPass(cause)) throw cause;
      this.#lag ??= { since: this.#clock.now(), why: cause as Error };
    }
    this.#followers.add(follower);
    return { [Symbol.dispose]: () => void this.#followers.delete(follower) };
  }

  subscribe(listener: JournalListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#database.close();
  }

  get #folder(): string {
    return dirname(this.#database.name);
  }

  #delayed(): JournalDelayed | JournalUnfollowed {
    if (this.#broken !== undefined) return this.#broken;
    return new JournalDelayed(this.#last, { cause: this.#lag?.why });
  }

  #write(
    events: readonly Event[],
    expectedLast: number,
    reserve: Giving,
  ): readonly Recorded[] {
    const at = this.#clock.now();
    const write = this.#database.transaction(() => {
      const actual = lastOf(this.#database);
      if (actual !== expectedLast) {
        throw new JournalConflict(expectedLast, actual);
      }
      return events.map((event, index): Recorded => {
        const seq = actual + 1 + index;
        this.#insert.run(seq, at, ...columnsOf(event));
        return { seq, at, event };
      });
    });
    try {
      return withRoom(reserve, () => write.immediate());
    } catch (cause) {
      if (!isDiskTrouble(cause)) throw cause;
      throw new NoRoom(this.#folder, { cause });
    }
  }

  /**
   * Brings all folds level with the journal, then tells those who subscribed
   * what they have not heard. A fold that finds no room lags until there is some.
   */
  #isLevel(appended: readonly Recorded[], reserve: Giving): boolean {
    const isIdle = appended.length === 0 && this.#told === this.#last;
    if (isIdle && this.#lag === undefined) return true;
    try {
      for (const follower of this.#followers) {
        withRoom(reserve, () => follower.take(appended));
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause : new Error(String(cause));
      if (!mayPass(cause)) this.#unfollowed(why);
      this.#lag ??= { since: this.#clock.now(), why };
      return false;
    }
    this.#lag = undefined;
    this.#tellAll(appended);
    return true;
  }

  #catchUp(): void {
    if (this.#lag !== undefined) this.#isLevel([], NONE);
  }

  #tellAll(appended: readonly Recorded[]): void {
    const missed = this.#told + 1;
    const news = appended[0]?.seq === missed ? appended : undefined;
    const batch = news ?? this.read(missed, TOLD_AT_ONCE);
    if (batch.length === 0) return;
    this.#told = batch.at(-1)?.seq ?? this.#told;
    for (const listener of this.#listeners) this.#tell(listener, batch);
    if (this.#told < this.#last) this.#tellAll([]);
  }

  #unfollowed(cause: Error): void {
    const message = `event ${this.#last} is durable, but was not taken in: ${cause.message}`;
    this.#broken ??= new JournalUnfollowed(message, { cause });
    this.#break(this.#broken);
  }

  /** What is durable reaches every listener, even where another failed over it. */
  #tell(listener: JournalListener, appended: readonly Recorded[]): void {
    try {
      listener(appended);
    } catch (cause) {
      this.#unfollowed(
        cause instanceof Error ? cause : new Error(String(cause)),
      );
    }
  }
}

/** Without a disk to look after: it takes everything, and keeps no reserve. */
const BOUNDLESS: JournalDisk = { admits: () => true, release: () => false };
const NONE: Giving = { release: () => false };

const CATCH_UP_EVERY_MS = 1_000;

const TOLD_AT_ONCE = 64;

/** Reads a journal's file, for another thread as well. */
export function journalReader(
  database: Database,
): (from: number, limit: number) => readonly Recorded[] {
  const select: Statement<Row> = database.prepare(
    "SELECT seq, at, body, bytes FROM events WHERE seq >= ? ORDER BY seq LIMIT ?",
  );
  return (from, limit) => select.all(from, limit).map(recordedOf);
}

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly bytes: Buffer | null;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    bytes BLOB
  ) STRICT`;

/** Sequence number of the newest event in a journal's file. */
export function lastOf(database: Database): number {
  const select: Statement<{ last: number }> = database.prepare(
    "SELECT coalesce(max(seq), 0) AS last FROM events",
  );
  return select.get()?.last ?? 0;
}

/** Bytes go beside the JSON, not into it. */
function columnsOf(event: Event): [string, Uint8Array | null] {
  if (event.kind !== "segment") return [JSON.stringify(event), null];
  const { bytes, ...rest } = event;
  return [JSON.stringify(rest), bytes];
}

function recordedOf({ seq, at, body, bytes }: Row): Recorded {
  const event = JSON.parse(body) as Event;
  return {
    seq,
    at,
    event: bytes === null ? event : ({ ...event, bytes } as Event),
  };
}
