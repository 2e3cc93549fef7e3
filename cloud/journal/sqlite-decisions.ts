import { dirname } from "node:path";
import type { Clock } from "../../agent/runtime/clock.js";
import { NO_RESERVE, NoRoom, type Giving } from "../disk/room.js";
import { NOBODY, type Callers } from "./callers.js";
import { commitmentTo, decisionPayload, Salts } from "./commitment.js";
import type { Database, Statement } from "./database.js";
import type { DecisionEvent, RecordedDecision } from "./decision-events.js";
import type { DecisionRow, Decisions } from "./decisions.js";
import { JournalConflict } from "./failures.js";
import { Followers, type Appended, type Lag } from "./followers.js";
import type { Follower, Listener } from "./following.js";
import { GONE } from "./recorded.js";
import {
  BOUNDLESS,
  lastReader,
  openLog,
  promised,
  rowReader,
  Writer,
  type JournalDisk,
  type RowReader,
} from "./sqlite-file.js";
import { worthOfDecisions } from "./worth.js";

/** Decisions in one SQLite table, one fsync an append. */
export class SqliteDecisions implements Decisions, Disposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #disk: JournalDisk;
  readonly #callers: Callers;
  readonly #salts = new Salts(32);
  readonly #writer: Writer;
  readonly #insert: Statement<never>;
  readonly #after: DecisionReader;
  readonly #rows: RowReader<DecisionRow>;
  readonly #empty: Statement<never>;
  readonly #newest: () => number;
  readonly #followers: Followers<RecordedDecision>;
  #last: number;

  private constructor(database: Database, { clock, disk, callers }: Around) {
    this.#database = database;
    this.#clock = clock;
    this.#disk = disk;
    this.#callers = callers;
    this.#writer = new Writer(database);
    this.#insert = database.prepare(
      "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, NULL)",
    );
    this.#after = decisionReader(database);
    this.#rows = decisionRows(database);
    this.#empty = database.prepare(
      `UPDATE decisions SET body = ?, bytes = NULL, salt = NULL, commitment = ?
       WHERE seq = ?`,
    );
    this.#newest = lastReader(database, "decisions");
    this.#last = this.#newest();
    this.#followers = new Followers({
      ...{ clock, disk, last: () => this.#last },
      after: (seq, limit) => this.#after(seq, limit),
    });
  }

  static open(
    path: string,
    clock: Clock,
    disk: JournalDisk = BOUNDLESS,
    callers: Callers = NOBODY,
  ): SqliteDecisions {
    const database = openLog(path, SCHEMA, disk);
    return new SqliteDecisions(database, { clock, disk, callers });
  }

  /** Makes a new file that begins with these events. */
  static found(
    path: string,
    clock: Clock,
    events: readonly DecisionEvent[],
  ): void {
    using decisions = SqliteDecisions.open(path, clock);
    decisions.#write(events, 0, NO_RESERVE);
  }

  /** Undefined while all that is decided by is level with what is durable. */
  get lag(): Lag | undefined {
    return this.#followers.lag;
  }

  get level(): number {
    return this.#followers.level;
  }

  /** Resolves once the process had better end: nothing more is appended. */
  get broken(): Promise<Error> {
    return this.#followers.broken;
  }

  /** What is durable, and not yet in what is decided by. */
  untold(): readonly RecordedDecision[] {
    return this.#followers.untold();
  }

  append(
    events: readonly DecisionEvent[],
    expectedLast?: number,
  ): Promise<number> {
    return promised(() =>
      this.#callers.appending(events, (all) => this.#append(all, expectedLast)),
    );
  }

  after(seq: number, limit: number): Promise<readonly RecordedDecision[]> {
    return promised(() => this.#after(seq, limit));
  }

  /**
   * As `after`, in this very turn: agents are handed a feed's tail and made live
   * without a gap between, so its bytes are read here. Another engine keeps what
   * its feeds need in a file of this machine, as the views are.
   */
  segmentAt(seq: number) {
    const [recorded] = this.#after(seq - 1, 1);
    if (recorded?.seq === seq && recorded.event.kind === "segment") {
      return recorded.event;
    }
    throw new Error(`the journal holds no segment at ${seq}`);
  }

  catchUp(): Promise<number> {
    return promised(() => {
      this.#last = this.#newest();
      this.#followers.mustBeLevel(NO_RESERVE);
      return this.level;
    });
  }

  rowsAfter(seq: number, limit: number): Promise<readonly DecisionRow[]> {
    return promised(() => this.#rows.after(seq, limit));
  }

  empty(
    seq: number,
    what: "all" | "bytes",
    commitments?: Uint8Array,
  ): Promise<void> {
    return promised(() =>
      this.#writer.forget(this.#disk, () => {
        const row = this.#rows.at(seq);
        if (row === undefined) throw new RangeError(`there is no event ${seq}`);
        const payload = decisionPayload(row);
        const { salt, body } = row;
        const commitment =
          salt === null || payload === undefined
            ? row.commitment
            : (commitments ?? commitmentTo(salt, payload));
        this.#empty.run(what === "all" ? null : body, commitment, seq);
      }),
    );
  }

  follow(follower: Follower<RecordedDecision>): Promise<Disposable> {
    return promised(() => this.#followers.follow(follower));
  }

  subscribe(listener: Listener<RecordedDecision>): Disposable {
    return this.#followers.subscribe(listener);
  }

  [Symbol.dispose](): void {
    this.#followers[Symbol.dispose]();
    this.#database.close();
  }

  get #folder(): string {
    return dirname(this.#database.name);
  }

  #append(
    events: readonly DecisionEvent[],
    expectedLast: number | undefined,
  ): number {
    const worth = worthOfDecisions(events);
    const reserve = worth === "orders" ? this.#disk : NO_RESERVE;
    if (!this.#disk.admits(worth)) throw new NoRoom(this.#folder);
    this.#followers.mustBeLevel(reserve);
    if (events.length === 0) return this.#last;
    const appended = this.#write(events, expectedLast, reserve);
    this.#last = appended.records.at(-1)?.seq ?? this.#last;
    this.#followers.mustBeLevel(reserve, appended);
    return this.#last;
  }

  #write(
    events: readonly DecisionEvent[],
    expectedLast: number | undefined,
    reserve: Giving,
  ): Appended<RecordedDecision> {
    const at = this.#clock.now();
    return this.#writer.write(reserve, () => {
      const actual = this.#newest();
      if (expectedLast !== undefined && actual !== expectedLast) {
        throw new JournalConflict(expectedLast, actual);
      }
      const records = events.map((event, index): RecordedDecision => {
        const seq = actual + 1 + index;
        this.#insert.run(seq, at, ...columnsOf(event), this.#salts.next());
        return { seq, at, event };
      });
      return { behind: actual, records };
    });
  }
}

/** What a log of decisions needs beside its file. */
interface Around {
  readonly clock: Clock;
  readonly disk: JournalDisk;
  readonly callers: Callers;
}

/** Decisions behind a sequence number, the oldest first. */
export type DecisionReader = (
  seq: number,
  limit: number,
) => readonly RecordedDecision[];

/** Reads the decisions' file, in another thread as well. */
export function decisionReader(database: Database): DecisionReader {
  const select: Statement<Row> = database.prepare(
    "SELECT seq, at, body, bytes FROM decisions WHERE seq > ? ORDER BY seq LIMIT ?",
  );
  return (seq, limit) => select.all(seq, limit).map(recordedOf);
}

/** Reads rows as they lie there, in another thread or process as well. */
export const decisionRows = (database: Database): RowReader<DecisionRow> =>
  rowReader(
    database,
    "SELECT seq, at, body, bytes, salt, commitment FROM decisions",
  );

/** Sequence number of the newest decision in the file. */
export const lastDecision = (database: Database): number =>
  lastReader(database, "decisions")();

/** Which rows are calls, in the words of their index. */
export const IS_A_CALL = `substr(body, 1, 14) = '{"kind":"call"'`;

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS decisions (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    body TEXT,
    bytes BLOB,
    salt BLOB,
    commitment BLOB
  ) STRICT;
  CREATE INDEX IF NOT EXISTS calls ON decisions (seq) WHERE ${IS_A_CALL}`;

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly body: string | null;
  readonly bytes: Buffer | null;
}

/** Bytes go beside the JSON, not into it. */
export function columnsOf(
  event: DecisionEvent,
): readonly [string, Uint8Array | null] {
  if (event.kind !== "segment") return [JSON.stringify(event), null];
  const { bytes, ...rest } = event;
  return [JSON.stringify(rest), bytes];
}

function recordedOf({ seq, at, body, bytes }: Row): RecordedDecision {
  if (body === null) return { seq, at, event: GONE };
  const event = JSON.parse(body) as DecisionEvent;
  if (event.kind !== "segment") return { seq, at, event };
  if (bytes !== null) return { seq, at, event: { ...event, bytes } };
  return { seq, at, event: { ...event, kind: "segment-emptied" } };
}
