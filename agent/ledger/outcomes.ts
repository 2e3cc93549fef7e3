import type { FeedName, Position } from "../model/position.js";
import type { HeldRange, PastOutcome, Recorded } from "../model/recorded.js";
import type { ReviewedBan } from "../model/reviewed.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Database, Statement } from "./database.js";
import type { Described } from "./revisions.js";

/** An outcome names this many held bans; `Ledger.held` has them all. */
export const MOST_HELD_TOLD = 100;

/** Counts what becomes of the ops of one outcome. */
export class Tally {
  readonly #held: HeldRange[] = [];
  heldTotal = 0;
  banned = 0;
  observed = 0;
  lifted = 0;
  expired = 0;
  /** The first that is given; "" for none. */
  reason = "";

  /** Takes note of a ban, and of what holds it after all. */
  ban(ban: ReviewedBan, held?: string): void {
    if (this.reason === "") this.reason = ban.reason;
    if (held === undefined) {
      if (ban.observed) this.observed++;
      else this.banned++;
      return;
    }
    this.heldTotal++;
    if (this.#held.length >= MOST_HELD_TOLD) return;
    this.#held.push({ cidr: ban.cidr, held });
  }

  /** For who looks for it in the history. */
  get described(): Described {
    const { reason, banned, observed, lifted, heldTotal: held } = this;
    return { reason, banned, observed, lifted, held };
  }

  at(revision: number): Recorded {
    const { banned, observed, lifted, expired, heldTotal } = this;
    const counts = { banned, observed, lifted, expired, heldTotal };
    return { revision, ...counts, held: this.#held };
  }
}

/** The newest outcomes, for whoever asks what the agent did. */
export class Outcomes {
  readonly #add: Statement<never>;
  readonly #trim: Statement<never>;
  readonly #newest: Statement<OutcomeRow>;
  readonly #newestOf: Statement<OutcomeRow>;

  constructor(db: Database) {
    this.#add = db.prepare(
      "INSERT INTO outcomes VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?)",
    );
    // A feed's newest stays, however long ago: its receipt is made of it.
    this.#trim = db.prepare(
      `DELETE FROM outcomes AS old WHERE id <= ? AND EXISTS (
         SELECT 1 FROM outcomes AS later
         WHERE later.feed = old.feed AND later.id > old.id)`,
    );
    this.#newest = db.prepare(
      "SELECT * FROM outcomes ORDER BY id DESC LIMIT ?",
    );
    this.#newestOf = db.prepare(
      "SELECT * FROM outcomes WHERE feed = ? ORDER BY id DESC LIMIT 1",
    );
  }

  add(
    kind: PastOutcome["kind"],
    { feed, epoch, offset }: Position,
    recorded: Recorded,
    now: UnixSeconds,
  ): void {
    const { revision, banned, observed, lifted, expired, heldTotal } = recorded;
    const what = [kind, feed, epoch, offset, revision];
    const counts = [banned, lifted, expired, heldTotal];
    const { lastInsertRowid } = this.#add.run(
      ...[...what, ...counts, now, observed],
    );
    this.#trim.run(Number(lastInsertRowid) - MOST_OUTCOMES);
  }

  newest(limit: number): readonly PastOutcome[] {
    return this.#newest.all(limit).map(outcomeOf);
  }

  newestOf(feed: FeedName): PastOutcome | undefined {
    const row = this.#newestOf.get(feed);
    return row && outcomeOf(row);
  }
}

function outcomeOf(row: OutcomeRow): PastOutcome {
  return {
    kind: row.kind,
    position: { feed: row.feed, epoch: row.epoch, offset: row.offset },
    revision: row.revision,
    banned: row.banned,
    observed: row.observed,
    lifted: row.lifted,
    expired: row.expired,
    held: row.held,
    recordedAt: row.recorded_at,
  };
}

const MOST_OUTCOMES = 10_000;

type OutcomeRow = Omit<PastOutcome, "position" | "recordedAt"> &
  PastOutcome["position"] & { readonly recorded_at: number };
