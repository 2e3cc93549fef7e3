import type { CallMade } from "../journal/call-events.js";
import type { Database, Statement } from "../journal/database.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import { IS_A_CALL } from "../journal/sqlite-decisions.js";
import type { Turns } from "../rate/turns.js";
import { subjectOf, wordsOf } from "./words.js";

/** Who called for what, and what came of it. */
export interface CallRecord extends Omit<CallMade, "kind" | "made"> {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What it made, in its order, but for segments. */
  readonly after: readonly Made[];
  /** How many segments came with it. */
  readonly segments: number;
}

/** An event that a call made. */
export interface Made {
  readonly seq: number;
  readonly kind: string;
  /** Id of what it is about: a decision, an agent, an operator, an org. */
  readonly of: string | null;
  readonly says: string;
}

/** A call, before what came of it is looked up. */
export type CallHeard = CallMade & Pick<CallRecord, "seq" | "at">;

export interface RecordsQuery {
  /** Name or id of an operator. */
  readonly by?: string | undefined;
  readonly operation?: string | undefined;
  /** Whatever else is asked of a call. */
  readonly is?: ((call: CallHeard) => boolean) | undefined;
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Only what is older than the record of this number. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface RecordsPage {
  /** The newest first. A page may have few, or none, and not be the last. */
  readonly records: readonly CallRecord[];
  /** Before which the next page begins; null: there is none. */
  readonly next: number | null;
}

/** Reads the calls in a file of decisions: whether or not a cloud runs. */
export class Records {
  readonly #calls: Statement<Row>;
  readonly #made: Statement<{ seq: number; body: string | null }>;

  constructor(decisions: Database) {
    this.#calls = decisions.prepare(
      `SELECT seq, at, body FROM decisions
       WHERE ${IS_A_CALL} AND seq < ? ORDER BY seq DESC LIMIT ${AT_ONCE}`,
    );
    this.#made = decisions.prepare(
      `SELECT seq, body FROM decisions WHERE seq > @after AND seq <= @through
         AND substr(coalesce(body, ''), 1, 17) <> '{"kind":"segment"'
       ORDER BY seq LIMIT ${MOST_SHOWN}`,
    );
  }

  /**
   * Looks for them in turns with all else.
   * @throws GivenUp
   */
  async page(query: RecordsQuery, turns: Turns): Promise<RecordsPage> {
    const records: CallRecord[] = [];
    let last = query.before ?? NEWEST;
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += AT_ONCE) {
      const rows = this.#calls.all(last);
      for (const row of rows) {
        if (turns.isOver) await turns.next();
        last = row.seq;
        const call = JSON.parse(row.body) as CallMade;
        if (!isAskedFor(row, call, query)) continue;
        records.push(this.#recordOf(row, call));
        if (records.length >= query.limit) return { records, next: last };
      }
      if (rows.length < AT_ONCE) return { records, next: null };
    }
    return { records, next: last };
  }

  #recordOf(
    { seq, at }: Row,
    { kind: _, made, ...call }: CallMade,
  ): CallRecord {
    const rows = this.#made.all({ after: seq, through: seq + made });
    const after = rows.map((each) => madeBy(each));
    const isWhole = rows.length < MOST_SHOWN;
    const segments = isWhole ? made - rows.length : 0;
    return { seq, at, ...call, after, segments };
  }
}

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
}

function isAskedFor(
  { seq, at }: Row,
  call: CallMade,
  { is, ...asked }: RecordsQuery,
): boolean {
  const { name, operator, operation } = call;
  const { by = name, since = at } = asked;
  const isBy = by === name || by === operator;
  const isOf = (asked.operation ?? operation) === operation;
  return isBy && since <= at && isOf && (is?.({ ...call, seq, at }) ?? true);
}

function madeBy({ seq, body }: { seq: number; body: string | null }): Made {
  if (body === null) return { seq, kind: "gone", of: null, says: "erased" };
  const event = JSON.parse(body) as DecisionEvent;
  return { seq, kind: event.kind, of: subjectOf(event), says: wordsOf(event) };
}

const NEWEST = Number.MAX_SAFE_INTEGER;

/** Calls that are read at once. */
const AT_ONCE = 100;

/** Calls that one page looks through: some 20 ms, if they are small. */
const MOST_LOOKED_AT = 5_000;

/** Events of one call that are shown, beside its segments. */
const MOST_SHOWN = 100;
