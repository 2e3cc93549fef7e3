import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { sha256 } from "../../agent/protocol/sha256.js";
import { NO_RESERVE, withRoom } from "../disk/room.js";
import { openDatabase, type Database, type Statement } from "./database.js";
import type { RecordedDecision } from "./decision-events.js";
import { takeNext, type ReadLog } from "./followers.js";
import type { Followed, Follower } from "./following.js";
import type { RecordedObservation } from "./observation-events.js";

/** A read model: its tables, and what each record does to them. */
export interface Projection<R> {
  readonly tables: string;
  fold(database: Database): (recorded: R) => void;
}

export type DecisionProjection = Projection<RecordedDecision>;
export type ObservationProjection = Projection<RecordedObservation>;

/** What is folded of either log; who asks both looks twice. */
export interface Views {
  /** Who was let in, what was decided, where feeds stand. */
  readonly decided: Database;
  /** What agents said, and when they were heard. */
  readonly observed: Database;
}

/**
 * The tables that questions are answered from, kept level with one log. The file
 * holds nothing of its own: delete it, and it is folded anew.
 */
export class View implements Disposable {
  readonly database: Database;
  #subscription: Disposable | undefined;

  private constructor(database: Database) {
    this.database = database;
  }

  /** @param reserve gives up room for its start */
  static async open<R extends { readonly seq: number }>(
    path: string,
    log: Pick<Followed<R>, "level" | "follow">,
    projections: readonly Projection<R>[],
    reserve = NO_RESERVE,
  ): Promise<View> {
    const view = withRoom(
      reserve,
      () => new View(openDatabase(path, "rebuildable")),
    );
    try {
      const folder = withRoom(
        reserve,
        () => new Folder(view.database, projections, log.level),
      );
      view.#subscription = await log.follow(folder);
      return view;
    } catch (error) {
      view.database.close();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
    this.database.close();
  }
}

/** How far the view in a file has come; 0 where there is none that can be read. */
export function cursorIn(path: string): number {
  if (!existsSync(path)) return 0;
  const database = openDatabase(path, "rebuildable");
  try {
    return tablesOf(database).includes("cursor") ? cursorOf(database) : 0;
  } finally {
    database.close();
  }
}

/** Brings projections forward, each batch with its cursor in one transaction. */
export class Folder<R extends { readonly seq: number }> implements Follower<R> {
  readonly #apply: (batch: readonly R[]) => void;
  #cursor: number;

  constructor(
    database: Database,
    projections: readonly Projection<R>[],
    last: number,
  ) {
    prepareTables(database, projections, last);
    this.#cursor = cursorOf(database);
    const folds = projections.map((each) => each.fold(database));
    const advance = database.prepare("UPDATE cursor SET seq = ?");
    this.#apply = database.transaction((batch: readonly R[]) => {
      for (const recorded of batch) for (const fold of folds) fold(recorded);
      advance.run(batch.at(-1)?.seq);
    });
  }

  get cursor(): number {
    return this.#cursor;
  }

  take(next: readonly R[]): void {
    this.#apply(next);
    this.#cursor = next.at(-1)?.seq ?? this.#cursor;
  }

  /** Takes in all that the log has beyond the cursor. */
  catchUp(read: ReadLog<R>): void {
    while (this.step(read));
  }

  /** Takes in the next few records; reports whether there were any. */
  step(read: ReadLog<R>): boolean {
    return takeNext(this, read);
  }
}

/** The journal lost its end, and agents hold what it does not know. */
export class JournalRolledBack extends Error {
  override readonly name = "JournalRolledBack";

  constructor(path: string, seen: number, last: number) {
    super(
      `${path} has seen event ${seen}, but the journal ends at ${last}: it was restored from a copy, and agents may hold bans that it does not know; run "tourniquet-cloud new-epoch --dir ${dirname(path)}", then start again`,
    );
  }
}

/**
 * Starts over when the tables are of another version.
 * @throws JournalRolledBack
 */
function prepareTables(
  database: Database,
  projections: readonly Pick<Projection<never>, "tables">[],
  journalLast: number,
): void {
  const old = tablesOf(database);
  const seen = old.includes("cursor") ? cursorOf(database) : 0;
  if (seen > journalLast) {
    throw new JournalRolledBack(database.name, seen, journalLast);
  }
  const ddl = [CURSOR, ...projections.map(({ tables }) => tables)].join(";\n");
  const version = sha256(Buffer.from(ddl)).readInt32BE(0);
  if (database.pragma("user_version", { simple: true }) === version) return;
  database.transaction(() => {
    for (const table of old) database.exec(`DROP TABLE ${table}`);
    database.exec(ddl);
    database.exec("INSERT INTO cursor (seq) VALUES (0)");
    database.pragma(`user_version = ${version}`);
  })();
}

const CURSOR = "CREATE TABLE cursor (seq INTEGER NOT NULL) STRICT";

function tablesOf(database: Database): readonly string[] {
  const select: Statement<{ name: string }> = database.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  return select.all().map(({ name }) => name);
}

function cursorOf(database: Database): number {
  const select: Statement<{ seq: number }> = database.prepare(
    "SELECT seq FROM cursor",
  );
  return select.get()?.seq ?? 0;
}
