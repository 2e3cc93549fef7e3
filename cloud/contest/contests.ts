import type { Clock } from "../../agent/runtime/clock.js";
import type {
  ContestAnswered,
  ContestOpened,
} from "../journal/contest-events.js";
import type { Database, Statement } from "../journal/database.js";

/** What is contested, and what came of it. Times in ms since 1970. */
export interface Contest extends Omit<
  ContestOpened,
  "kind" | "tokenHash" | "codeHash"
> {
  /** Its place in the order of all decisions. */
  readonly seq: number;
  readonly openedAt: number;
  readonly answeredAt: number | null;
  /** Null while it waits. */
  readonly answered: Omit<ContestAnswered, "kind" | "contest"> | null;
  /** Nobody has answered in time. */
  readonly isOverdue: boolean;
}

/** How many wait for an answer. */
export interface ContestsOpen {
  readonly open: number;
  readonly overdue: number;
  /** When the first of them is due; null: none waits. */
  readonly dueAt: number | null;
}

/** Tells what was contested. */
export class Contests {
  readonly #clock: Pick<Clock, "now">;
  readonly #list: Statement<Row>;
  readonly #one: Statement<Row>;
  readonly #byToken: Statement<Row>;
  readonly #openOn: Statement<Row>;
  readonly #on: Statement<Row>;
  readonly #waiting: Statement<ContestsOpen>;
  readonly #ofStrangers: Statement<number>;
  readonly #code: Statement<{ address: string; expiresAt: number }>;
  readonly #codes: Statement<number>;

  constructor(database: Database, { clock }: { clock: Pick<Clock, "now"> }) {
    this.#clock = clock;
    this.#list = database.prepare(
      `${CONTESTS} WHERE (@all OR answered IS NULL)
         AND (@before IS NULL OR seq < @before)
       ORDER BY seq DESC LIMIT @limit`,
    );
    this.#one = database.prepare(`${CONTESTS} WHERE id = ?`);
    this.#byToken = database.prepare(`${CONTESTS} WHERE token_hash = ?`);
    this.#openOn = database.prepare(
      `${CONTESTS} WHERE network = ? AND answered IS NULL`,
    );
    this.#on = database.prepare(
      `${CONTESTS} WHERE address = ? ORDER BY seq DESC LIMIT ${FEW}`,
    );
    this.#waiting = database.prepare(
      `SELECT count(*) AS open, coalesce(sum(answer_by <= ?), 0) AS overdue,
         min(answer_by) AS dueAt
       FROM contests WHERE answered IS NULL`,
    );
    this.#ofStrangers = database
      .prepare<unknown[], number>(
        `SELECT count(*) FROM contests
         WHERE answered IS NULL AND proof = 'from-address'`,
      )
      .pluck();
    this.#code = database.prepare(
      `SELECT address, expires_at AS expiresAt FROM contest_codes
       WHERE hash = ?`,
    );
    this.#codes = database
      .prepare<unknown[], number>(
        "SELECT count(*) FROM contest_codes WHERE expires_at > ?",
      )
      .pluck();
  }

  /** Newest first: those that wait, or all. */
  list(query: {
    readonly all: boolean;
    readonly limit: number;
    readonly before?: number | undefined;
  }): readonly Contest[] {
    const { all, limit, before = null } = query;
    const rows = this.#list.all({ all: Number(all), limit, before });
    return rows.map((row) => this.#contestOf(row));
  }

  contest(id: string): Contest | undefined {
    return this.#found(this.#one.get(id));
  }

  /** By the hash of what its answer is read by. */
  byToken(hash: string): Contest | undefined {
    return this.#found(this.#byToken.get(hash));
  }

  /** The one that waits for an answer, of what one host has. */
  openOn(network: string): Contest | undefined {
    return this.#found(this.#openOn.get(network));
  }

  /** All on the address, the newest few first. */
  on(address: string): readonly Contest[] {
    return this.#on.all(address).map((row) => this.#contestOf(row));
  }

  waiting(): ContestsOpen {
    const none = { open: 0, overdue: 0, dueAt: null };
    return this.#waiting.get(this.#clock.now()) ?? none;
  }

  /** How many wait that nobody let in: the address was all their proof. */
  openOfStrangers(): number {
    return this.#ofStrangers.get() ?? 0;
  }

  /** Whether the code with this hash is good for the address. */
  isInvited(hash: string, address: string): boolean {
    const code = this.#code.get(hash);
    return code?.address === address && code.expiresAt > this.#clock.now();
  }

  /** Codes that nobody has used. */
  codes(): number {
    return this.#codes.get(this.#clock.now()) ?? 0;
  }

  #found(row: Row | undefined): Contest | undefined {
    return row && this.#contestOf(row);
  }

  #contestOf({ id, opened, answered, ...row }: Row): Contest {
    const said = JSON.parse(opened) as Omit<ContestOpened, "kind" | "contest">;
    const { tokenHash: _, codeHash: __, ...rest } = said;
    const isLate = rest.answerBy <= this.#clock.now();
    return {
      ...{ ...rest, ...row, contest: id },
      answered:
        answered === null
          ? null
          : (JSON.parse(answered) as NonNullable<Contest["answered"]>),
      isOverdue: answered === null && isLate,
    };
  }
}

/** Of one address. */
const FEW = 10;

const CONTESTS = `
  SELECT seq, id, opened, opened_at AS openedAt, answered,
    answered_at AS answeredAt
  FROM contests`;

interface Row extends Pick<Contest, "seq" | "openedAt" | "answeredAt"> {
  readonly id: string;
  readonly opened: string;
  readonly answered: string | null;
}
