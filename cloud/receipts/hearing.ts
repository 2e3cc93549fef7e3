import { RING_WAITS } from "../../agent/model/rings.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { Database, Statement } from "../journal/database.js";
import { keptStatement } from "../telemetry/statements.projection.js";
import type { Answer, Around, StatedSince } from "./host-outcome.js";
import { keptReceipt } from "./kept-receipt.js";

/** Where an agent's receipts of a feed end, and since when. */
export type Newest = Around["newest"] & {
  readonly last: number;
  readonly at: number;
};

/** A decision that has its place in a feed. */
export type Placed = Pick<DecisionEntry, "feed"> & {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
};

export interface Refusal {
  /** Its place among the observations. */
  readonly seq: number;
  readonly code: string;
  readonly detail: string;
}

/** Finds what hosts said of decisions, of all hosts at once where that is less work. */
export class Hearing {
  readonly #page: Statement<PageRow>;
  readonly #later: Statement<number>;
  readonly #newest: Statement<Newest>;
  readonly #refused: Statement<Refusal>;
  readonly #statedLast: Statement<number>;
  readonly #upTo: Statement<number>;
  readonly #since: Statement<SaidSince>;
  readonly #stated: Statement<{
    readonly seq: number;
    readonly signed: string;
  }>;

  constructor(database: Database) {
    this.#page = database.prepare(
      `SELECT agent, seq, at, last, receipt
       FROM receipts INDEXED BY receipts_by_place
       WHERE feed = @feed AND epoch = @epoch AND last BETWEEN @first AND @last
         AND (last, seq) > (@afterLast, @afterSeq)
       ORDER BY last, seq LIMIT ${PAGE}`,
    );
    this.#later = database
      .prepare<unknown[], number>(
        `SELECT at FROM receipts
         WHERE agent = ? AND feed = ? AND epoch = ? AND last > ?
         ORDER BY last, seq LIMIT 1`,
      )
      .pluck();
    this.#newest = database.prepare(
      `SELECT seq, at, last, mode FROM receipts
       WHERE agent = ? AND feed = ? AND epoch = ?
       ORDER BY last DESC, seq DESC LIMIT 1`,
    );
    this.#refused = database.prepare(
      `SELECT seq, code, detail FROM refusals
       WHERE agent = ? AND feed = ? ORDER BY seq DESC LIMIT 1`,
    );
    this.#statedLast = database
      .prepare<unknown[], number>(
        `SELECT seq FROM statements WHERE agent = ?
         ORDER BY seq DESC, nth DESC LIMIT 1`,
      )
      .pluck();
    this.#upTo = database
      .prepare<unknown[], number>(
        `SELECT max((SELECT ifnull(max(seq), 0) FROM receipts),
           (SELECT ifnull(max(seq), 0) FROM refusals),
           (SELECT ifnull(max(seq), 0) FROM statements))`,
      )
      .pluck();
    this.#since = database.prepare(SINCE);
    this.#stated = database.prepare(
      `SELECT seq, signed FROM statements
       WHERE agent = ? AND seq > ? ORDER BY seq DESC, nth DESC LIMIT ${MOST_STATED}`,
    );
  }

  /** The receipts within the place, page by page, in the order of their places. */
  *during(place: Placed): Generator<readonly PageRow[]> {
    let { first } = place;
    let after = { afterLast: 0, afterSeq: 0 };
    for (;;) {
      const rows = this.#page.all({ ...boundOf(place), first, ...after });
      yield rows;
      const end = rows.at(-1);
      if (end === undefined || rows.length < PAGE) return;
      first = end.last;
      after = { afterLast: end.last, afterSeq: end.seq };
    }
  }

  /** When the first receipt behind the place came. */
  laterAt(agent: string, { feed, epoch, last }: Placed): number | undefined {
    return this.#later.get(agent, feed, epoch, last);
  }

  newest(
    agent: string,
    { feed, epoch }: Pick<Placed, "feed" | "epoch">,
  ): Newest | undefined {
    return this.#newest.get(agent, feed, epoch);
  }

  /** An agent's newest refusal of a feed. */
  refused(agent: string, feed: string): Refusal | undefined {
    return this.#refused.get(agent, feed);
  }

  /** The newest observation of what any host answered; 0: none. */
  upTo(): number {
    return this.#upTo.get() ?? 0;
  }

  /** What hosts answered behind an observation, in its order: a page of it. */
  since(seq: number): readonly SaidSince[] {
    return this.#since.all(seq, seq, seq);
  }

  /** The newest observation by which a device stated something; 0: none. */
  statedLast(agent: string): number {
    return this.#statedLast.get(agent) ?? 0;
  }

  /** What a device stated behind an observation, the oldest first. */
  stated(agent: string, after: number): readonly StatedSince[] {
    return this.#stated
      .all(agent, after)
      .map(({ seq, signed }) => ({ seq, statement: keptStatement(signed) }))
      .reverse();
  }
}

/** A receipt, a refusal, or that a device stated something. */
export type SaidSince = {
  readonly agent: string;
  readonly seq: number;
} & (
  | ({ readonly kind: "receipt" } & Pick<Placed, "feed" | "epoch"> & Newest)
  | ({ readonly kind: "refusal" } & Pick<Placed, "feed"> & Refusal)
  | { readonly kind: "statement" }
);

/** Answers of the hosts that are asked for, by agent, one a place. */
export class Answers {
  readonly #last: number;
  readonly #asked: ReadonlySet<string>;
  readonly #byAgent = new Map<string, HostAnswers>();
  #waitsForRing = false;

  constructor(asked: ReadonlySet<string>, { last }: Pick<Placed, "last">) {
    this.#asked = asked;
    this.#last = last;
  }

  /** Whether a host said that its ring has no turn yet. */
  get waitsForRing(): boolean {
    return this.#waitsForRing;
  }

  take(rows: readonly PageRow[]): void {
    for (const { agent, last, seq, at, receipt: text } of rows) {
      if (!this.#asked.has(agent)) continue;
      const known = this.#of(agent);
      const receipt = keptReceipt(text);
      if (last === this.#last) known.at ??= at;
      this.#waitsForRing ||= receipt.held.some(isForRing);
      // Of the same place, what was said last counts.
      const isEnd = last === this.#last;
      if (!isEnd && !saysMore(receipt)) known.during.delete(last);
      else if (isEnd || known.during.size < MOST_PLACES) {
        const said = known.during.get(last);
        // Said again, in another mode or of another policy, it tells of no change.
        const isSame = said?.receipt.revision === receipt.revision;
        known.during.set(last, { seq, at, ...(isSame && said), receipt });
      }
    }
  }

  of(agent: string): {
    readonly during: readonly Answer[];
    readonly provedAt: number | null;
  } {
    const known = this.#byAgent.get(agent);
    if (known === undefined) return SILENCE;
    return { during: [...known.during.values()], provedAt: known.at };
  }

  #of(agent: string): HostAnswers {
    const known = this.#byAgent.get(agent);
    if (known !== undefined) return known;
    const made: HostAnswers = { during: new Map(), at: null };
    this.#byAgent.set(agent, made);
    return made;
  }
}

const SILENCE = { during: [], provedAt: null } as const;

const isForRing = ({ rule }: Receipt["held"][number]) => rule === RING_WAITS;

interface HostAnswers {
  readonly during: Map<number, Answer>;
  /** When the first receipt of the decision's end came. */
  at: number | null;
}

/** What a place in the middle adds to what its end says. */
const saysMore = ({ heldTotal, trial }: Receipt): boolean =>
  heldTotal > 0 || trial !== undefined;

interface PageRow {
  readonly agent: string;
  readonly seq: number;
  readonly at: number;
  readonly last: number;
  readonly receipt: string;
}

const boundOf = ({ feed, epoch, first, last }: Placed) => ({
  ...{ feed, epoch, first, last },
});

/** Receipts that are read in some 5 ms. */
const PAGE = 1_000;

const SINCE = `
  SELECT seq, agent, 'receipt' AS kind, feed, epoch, at, last, mode,
    NULL AS code, NULL AS detail FROM receipts WHERE seq > ?
  UNION ALL SELECT seq, agent, 'refusal', feed, NULL, at, NULL, NULL,
    code, detail FROM refusals WHERE seq > ?
  UNION ALL SELECT seq, agent, 'statement', NULL, NULL, at, NULL, NULL,
    NULL, NULL FROM statements WHERE seq > ?
  ORDER BY 1 LIMIT ${PAGE}`;

/** More than a million bans have segments. */
const MOST_PLACES = 1_000;

/** Of a device, the newest: what its operator did with a host of late. */
const MOST_STATED = 200;
