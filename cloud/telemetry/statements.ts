import type { FeedName } from "../../agent/model/position.js";
import type { Statement as Stated } from "../../agent/protocol/statement.js";
import type { Database, Statement } from "../journal/database.js";
import { keptStatement } from "./statements.projection.js";
import type { TakenBack } from "./telemetry.js";

/** A device's statement with its place among the observations. */
export interface StatementEntry {
  readonly seq: number;
  readonly nth: number;
  /** When the cloud took it down: milliseconds since 1970. */
  readonly at: number;
  readonly agent: string;
  readonly org: string;
  readonly statement: Stated;
  /** As the device signed it, by the prefix of version 2: evidence. */
  readonly signed: string;
  readonly signature: string;
}

/** Which to look for; undefined is any. */
export interface StatementQuery {
  readonly limit: number;
  readonly agent: string | undefined;
  readonly org: string | undefined;
  /** Older than this one. */
  readonly before: Pick<StatementEntry, "seq" | "nth"> | undefined;
  /** Of the changes that stand here: a decision's place. */
  readonly place:
    | {
        readonly feed: FeedName;
        readonly epoch: string;
        readonly first: number;
        readonly last: number;
      }
    | undefined;
}

/** Changes of a host whose ends are looked for. */
export interface TriedOn {
  readonly agent: string;
  readonly feed: FeedName;
  /** Of the host's ledger, as its receipts have them. */
  readonly revisions: readonly number[];
  /** What it stated behind this sequence number. */
  readonly after: number;
}

/** How a change that was on trial ended on a host. */
export interface TrialEnd extends TakenBack {
  readonly feed: FeedName;
  /** Of the host's ledger, as its receipt has it. */
  readonly revision: number;
  readonly passed: boolean;
}

/** Finds what devices stated. */
export class Statements {
  readonly #newest: Statement<Row>;
  readonly #ofAgent: Statement<Row>;
  readonly #ofPlace: Statement<Row>;
  readonly #ends: Statement<Pick<Row, "signed">>;

  constructor(database: Database) {
    this.#newest = database.prepare(
      `SELECT * FROM statements
       WHERE (seq, nth) < (@seq, @nth) AND (@org IS NULL OR org = @org)
       ORDER BY seq DESC, nth DESC LIMIT @limit`,
    );
    this.#ofAgent = database.prepare(
      `SELECT * FROM statements 
       WHERE agent = @agent AND (seq, nth) < (@seq, @nth)
         AND (@org IS NULL OR org = @org)
       ORDER BY seq DESC, nth DESC LIMIT @limit`,
    );
    this.#ofPlace = database.prepare(
      `SELECT s.* FROM statements s
       WHERE s.feed = @feed AND (@agent IS NULL OR s.agent = @agent)
         AND (s.seq, s.nth) < (@seq, @nth) AND (@org IS NULL OR s.org = @org)
         AND EXISTS (
           SELECT 1 FROM receipts r
           WHERE r.agent = s.agent AND r.feed = @feed AND r.epoch = @epoch
             AND r.last BETWEEN @first AND @last
             AND r.receipt ->> '$.revision' = s.revision)
       ORDER BY s.seq DESC, s.nth DESC LIMIT @limit`,
    );
    this.#ends = database.prepare(
      `SELECT signed, min(seq) AS first FROM statements
       WHERE agent = @agent AND feed = @feed AND seq > @after
         AND revision IN (SELECT value FROM json_each(@revisions))
       GROUP BY revision, what ORDER BY first`,
    );
  }

  /** Newest first. */
  statements({ place, ...query }: StatementQuery): readonly StatementEntry[] {
    const { agent, org = null, before = LATER, limit } = query;
    const { seq, nth } = before;
    const bound = { seq, nth, org, limit };
    return this.#rows(agent, place, bound).map(entryOf);
  }

  /** How trials ended: of each change every end once, though it was stated again. */
  trialEnds({ revisions, ...on }: TriedOn): readonly TrialEnd[] {
    const { feed } = on;
    const asked = { ...on, revisions: JSON.stringify(revisions) };
    return this.#ends.all(asked).flatMap(({ signed }) => {
      const said = keptStatement(signed);
      if (!("feed" in said)) return [];
      const { revision, time } = said;
      const passed = said.what === "trial-passed";
      const why = said.what === "trial-failed" ? said.why.join("; ") : "";
      const text = `${said.bans} bans of ${feed}: ${why}`;
      return [{ time, text, feed, revision, passed }];
    });
  }

  #rows(
    agent: string | undefined,
    place: StatementQuery["place"],
    bound: Bound,
  ): readonly Row[] {
    if (place !== undefined) {
      return this.#ofPlace.all({ ...bound, ...place, agent: agent ?? null });
    }
    return agent === undefined
      ? this.#newest.all(bound)
      : this.#ofAgent.all({ ...bound, agent });
  }
}

/** Than all there are. */
const LATER = { seq: Number.MAX_SAFE_INTEGER, nth: 0 };

interface Bound {
  readonly seq: number;
  readonly nth: number;
  readonly org: string | null;
  readonly limit: number;
}

interface Row {
  readonly seq: number;
  readonly nth: number;
  readonly at: number;
  readonly agent: string;
  readonly org: string;
  readonly signed: string;
  readonly signature: string;
}

const entryOf = ({
  seq,
  nth,
  at,
  agent,
  org,
  signed,
  signature,
}: Row): StatementEntry => ({
  ...{ seq, nth, at, agent, org },
  statement: keptStatement(signed),
  ...{ signed, signature },
});
