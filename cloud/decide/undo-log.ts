import type { FeedName } from "../../agent/model/position.js";
import type { Database, Statement } from "../journal/database.js";
import type { Undone } from "../journal/undo-events.js";

/** One time that a decision was undone, or found wrong. */
export interface Undoing extends Pick<Undone, "by" | "reason" | "counts"> {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** By which it was; null: nothing of it was in force any more. */
  readonly decision: string | null;
  readonly wrong: boolean;
}

/** A decision, where it stands in its feed, and of which ranges it is. */
export interface PlacedDecision {
  readonly seq: number;
  readonly decision: string;
  /** Null until its ops stand in the feed. */
  readonly epoch: string | null;
  readonly last: number;
  /** All of them; undefined: more than are known without reading its ops. */
  readonly ranges: readonly string[] | undefined;
}

/** Tells what was undone, and of what a feed's log is made. */
export class UndoLog {
  readonly #undoings: Statement<UndoingRow>;
  readonly #undoneBy: Statement<string>;
  readonly #list: Statement<string>;
  readonly #placed: Statement<PlacedRow>;

  constructor(database: Database) {
    this.#undoings = database.prepare(
      `SELECT at, decision, wrong, decided_by AS by, reason, counts
       FROM undone WHERE undoes = ? ORDER BY seq LIMIT ${MOST_UNDOINGS}`,
    );
    this.#undoneBy = database
      .prepare<unknown[], string>(
        "SELECT undoes FROM decisions WHERE id = ? AND undoes IS NOT NULL",
      )
      .pluck();
    this.#list = database
      .prepare<unknown[], string>(
        "SELECT list FROM decisions WHERE id = ? AND list IS NOT NULL",
      )
      .pluck();
    this.#placed = database.prepare(
      `SELECT seq, id AS decision, epoch, last, ranges, targets FROM decisions
       WHERE feed = ? AND seq > ? ORDER BY seq LIMIT ?`,
    );
  }

  /** When a decision was undone, the oldest first. */
  undoings(decision: string): readonly Undoing[] {
    return this.#undoings.all(decision).map(({ wrong, counts, ...row }) => ({
      ...row,
      wrong: wrong === 1,
      counts: JSON.parse(counts) as Undone["counts"],
    }));
  }

  /** What a decision undoes. */
  undoneBy(decision: string): string | undefined {
    return this.#undoneBy.get(decision);
  }

  /** The list that an import brought. */
  listOf(decision: string): string | undefined {
    return this.#list.get(decision);
  }

  /** The next decisions of a feed behind a sequence number, of whichever epoch. */
  placedAfter(
    feed: FeedName,
    seq: number,
    limit: number,
  ): readonly PlacedDecision[] {
    return this.#placed.all(feed, seq, limit).map(({ targets, ...row }) => {
      const known = JSON.parse(targets) as string[];
      // An import of no range may lift many.
      const isAll = row.ranges > 0 && known.length === row.ranges;
      return { ...row, ranges: isAll ? known : undefined };
    });
  }
}

type UndoingRow = Omit<Undoing, "wrong" | "counts"> & {
  readonly wrong: 0 | 1;
  readonly counts: string;
};

interface PlacedRow extends Omit<PlacedDecision, "ranges"> {
  readonly ranges: number;
  readonly targets: string;
}

/** Of one decision: enough to see what became of it. */
const MOST_UNDOINGS = 20;
