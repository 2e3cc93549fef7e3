import { dirname } from "node:path";
import type { Clock } from "../../agent/runtime/clock.js";
import { NO_RESERVE, NoRoom } from "../disk/room.js";
import { commitmentTo, observationPayload, Salts } from "./commitment.js";
import type { Database, Statement } from "./database.js";
import { Followers, type Lag } from "./followers.js";
import type { Follower, Listener } from "./following.js";
import {
  isSigned,
  type Observation,
  type ObservationEvent,
  type RecordedObservation,
} from "./observation-events.js";
import {
  MOST_DIGESTED,
  type Forgotten,
  type Kept,
  type ObservationRow,
  type Observations,
  type Put,
} from "./observations.js";
import { GONE } from "./recorded.js";
import {
  BEHIND,
  BOUNDLESS,
  lastReader,
  Marks,
  openLog,
  promised,
  rowReader,
  Writer,
  type JournalDisk,
  type RowReader,
} from "./sqlite-file.js";
import { worthOfObservations } from "./worth.js";

/** What agents said in one SQLite table, one fsync a batch. */
export class SqliteObservations implements Observations, Disposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #disk: JournalDisk;
  readonly #salts = new Salts(16);
  readonly #marks: Marks;
  readonly #writer: Writer;
  readonly #insert: Statement<never>;
  readonly #rows: RowReader<ObservationRow>;
  readonly #dates: Statement<Pick<ObservationRow, "seq" | "at">>;
  readonly #empty: Statement<never>;
  readonly #shared: Statement<number>;
  readonly #drop: Statement<never>;
  #newest: () => number;
  readonly #followers: Followers<RecordedObservation>;
  #last: number;

  private constructor(database: Database, clock: Clock, disk: JournalDisk) {
    this.#database = database;
    this.#clock = clock;
    this.#disk = disk;
    this.#marks = new Marks(database);
    this.#writer = new Writer(database);
    this.#insert = database.prepare(
      `INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, NULL)
       ON CONFLICT (agent, spool, number) DO NOTHING`,
    );
    this.#rows = observationRows(database);
    this.#dates = database.prepare(
      "SELECT seq, at FROM observations WHERE seq > ? ORDER BY seq LIMIT ?",
    );
    this.#empty = database.prepare(
      `UPDATE observations SET body = NULL, salt = NULL, commitment = ?
       WHERE seq = ?`,
    );
    this.#shared = database
      .prepare<unknown[], number>(
        `SELECT seq FROM observations WHERE seq <= ?
         ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_DIGESTED}`,
      )
      .pluck();
    this.#drop = database.prepare(
      `DELETE FROM observations WHERE seq IN (
         SELECT seq FROM observations WHERE seq <= ? ORDER BY seq LIMIT ?)`,
    );
    this.#newest = lastReader(database, "observations");
    this.#last = this.#newest();
    this.#followers = new Followers({
      ...{ clock, disk: NO_RESERVE, last: () => this.#last },
      after: (seq, limit) => this.#rows.after(seq, limit).map(recordedOf),
    });
  }

  static open(
    path: string,
    clock: Clock,
    disk: JournalDisk = BOUNDLESS,
  ): SqliteObservations {
    return new SqliteObservations(openLog(path, SCHEMA, disk), clock, disk);
  }

  /** Undefined while all that is folded from them is level. */
  get lag(): Lag | undefined {
    return this.#followers.lag;
  }

  get level(): number {
    return this.#followers.level;
  }

  /** Resolves once the process had better end: nothing more is taken. */
  get broken(): Promise<Error> {
    return this.#followers.broken;
  }

  put(batch: readonly Observation[]): Promise<readonly Put[]> {
    return promised(() => {
      if (!this.#disk.admits(worthOfObservations(batch))) {
        throw new NoRoom(dirname(this.#database.name));
      }
      this.#followers.mustBeLevel(NO_RESERVE);
      const { outcomes, ...appended } = this.#write(batch);
      const { records } = appended;
      this.#last = records.at(-1)?.seq ?? this.#last;
      if (records.length > 0) {
        this.#followers.mustBeLevel(NO_RESERVE, appended);
      }
      return outcomes;
    });
  }

  after(seq: number, limit: number): Promise<readonly RecordedObservation[]> {
    return promised(() => this.#rows.after(seq, limit).map(recordedOf));
  }

  rowsAfter(seq: number, limit: number): Promise<readonly ObservationRow[]> {
    return promised(() => this.#rows.after(seq, limit));
  }

  catchUp(): Promise<number> {
    return promised(() => {
      this.#last = this.#newest();
      this.#followers.mustBeLevel(NO_RESERVE);
      return this.level;
    });
  }

  empty(seqs: readonly number[]): Promise<void> {
    return promised(() =>
      this.#writer.forget(this.#disk, () => {
        for (const seq of seqs) {
          const row = this.#rows.at(seq);
          if (row !== undefined) this.#emptyOne(row);
        }
      }),
    );
  }

  forget(kept: Kept, before: number, most: number): Promise<Forgotten> {
    return promised(() => {
      const behind = this.#marks.of(markOf(kept));
      const due = this.#due(behind, before, most);
      const through = due.at(-1);
      if (through === undefined) {
        return { looked: 0, forgotten: 0, through: behind };
      }
      return this.#writer.write(NO_RESERVE, () => {
        const gone = due.filter((seq) => {
          const row = this.#rows.at(seq);
          return row && isOf(kept, row) && this.#emptyOne(row);
        });
        this.#marks.raise(markOf(kept), through);
        return { looked: due.length, forgotten: gone.length, through };
      });
    });
  }

  drop(digested: number, most: number): Promise<number> {
    return promised(() => {
      const marks = [markOf("reports"), markOf("evidence")];
      const gone = marks.map((mark) => this.#marks.of(mark));
      const through = Math.min(digested, ...gone);
      const last = this.#shared.get(through);
      if (last === undefined) return 0;
      return this.#writer.write(NO_RESERVE, () => {
        const { changes } = this.#drop.run(last, most);
        return changes;
      });
    });
  }

  bytes(): number {
    const pragma = (name: string) =>
      Number(this.#database.pragma(name, { simple: true }));
    const pages = pragma("page_count") - pragma("freelist_count");
    return pages * pragma("page_size");
  }

  skipTo(seq: number): Promise<void> {
    return promised(() => {
      if (seq <= this.#last) return;
      this.#writer.write(this.#disk, () => {
        this.#marks.raise(BEHIND, seq);
      });
      this.#newest = lastReader(this.#database, "observations");
      this.#last = seq;
      this.#followers.mustBeLevel(NO_RESERVE);
    });
  }

  follow(follower: Follower<RecordedObservation>): Promise<Disposable> {
    return promised(() => this.#followers.follow(follower));
  }

  subscribe(listener: Listener<RecordedObservation>): Disposable {
    return this.#followers.subscribe(listener);
  }

  [Symbol.dispose](): void {
    this.#followers[Symbol.dispose]();
    this.#database.close();
  }

  /** Those next behind a number that are older than a time; reads no bodies. */
  #due(behind: number, before: number, most: number): readonly number[] {
    const due: number[] = [];
    for (const { seq, at } of this.#dates.iterate(behind, most)) {
      if (at >= before) break;
      due.push(seq);
    }
    return due;
  }

  #write(batch: readonly Observation[]) {
    const at = this.#clock.now();
    return this.#writer.write(NO_RESERVE, () => {
      const records: RecordedObservation[] = [];
      const behind = this.#newest();
      let seq = behind;
      const outcomes = batch.map((each): Put => {
        const { agent, spool, number, event } = each;
        const row = [seq + 1, at, agent, spool, number, JSON.stringify(event)];
        const { changes } = this.#insert.run(...row, this.#salts.next());
        if (changes === 0) return "known";
        seq += 1;
        records.push({ ...each, seq, at });
        return "taken";
      });
      return { outcomes, behind, records };
    });
  }

  /** Whether there was something to forget. */
  #emptyOne(row: ObservationRow): boolean {
    const payload = observationPayload(row);
    if (row.salt === null || payload === undefined) return false;
    this.#empty.run(commitmentTo(row.salt, payload), row.seq);
    return true;
  }
}

const markOf = (kept: Kept): string => `forgotten-${kept}`;

const EVIDENCE: ReadonlySet<string> = new Set<ObservationEvent["kind"]>([
  ...(["receipt", "divergence", "agent-cloned"] as const),
]);

/** What a device signed. */
const isEvidence = (event: ObservationEvent): boolean =>
  event.kind === "telemetry"
    ? event.items.some(isSigned)
    : EVIDENCE.has(event.kind);

function isOf(kept: Kept, { body }: ObservationRow): boolean {
  if (body === null) return false;
  return (
    isEvidence(JSON.parse(body) as ObservationEvent) === (kept === "evidence")
  );
}

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS observations (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    agent TEXT NOT NULL,
    spool TEXT NOT NULL,
    number INTEGER NOT NULL,
    body TEXT,
    salt BLOB,
    commitment BLOB
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS observations_by_key
    ON observations (agent, spool, number)`;

/** Reads rows as they lie there, in another thread or process as well. */
export const observationRows = (
  database: Database,
): RowReader<ObservationRow> =>
  rowReader(
    database,
    `SELECT seq, at, agent, spool, number, body, salt, commitment
     FROM observations`,
  );

function recordedOf(row: ObservationRow): RecordedObservation {
  const { seq, at, agent, spool, number, body } = row;
  const event = body === null ? GONE : (JSON.parse(body) as ObservationEvent);
  return { seq, at, agent, spool, number, event };
}
