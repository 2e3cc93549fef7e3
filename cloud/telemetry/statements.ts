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
  readonly before: number | undefined;
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
  readonly #ofPlace: Statement<Row>;
  readonly #trials: Statement<Row>;

  constructor(database: Database) {
    this.#newest = database.prepare(
      `SELECT * FROM statements
       WHERE (@agent IS NULL OR agent = @agent)
         AND (@before IS NULL OR seq < @before)
       ORDER BY seq DESC, nth DESC LIMIT @limit`,
    );
    this.#ofPlace = database.prepare(
      `SELECT s.* FROM statements s
       WHERE s.feed = @feed AND (@agent IS NULL OR s.agent = @agent)
         AND (@before IS NULL OR s.seq < @before)
         AND EXISTS (
           SELECT 1 FROM receipts r
           WHERE r.agent = s.agent AND r.feed = @feed AND r.epoch = @epoch
             AND r.last BETWEEN @first AND @last
             AND r.receipt ->> '$.revision' = s.revision)
       ORDER BY s.seq DESC, s.nth DESC LIMIT @limit`,
    );
    this.#trials = database.prepare(
      `SELECT * FROM statements
       WHERE seq > ? AND feed IS NOT NULL ORDER BY seq, nth`,
    );
  }

  /** Newest first. */
  statements({ place, ...query }: StatementQuery): readonly StatementEntry[] {
    const { agent = null, before = null, limit } = query;
    const bound = { agent, before, limit };
    const rows =
      place === undefined
        ? this.#newest.all(bound)
        : this.#ofPlace.all({ ...bound, ...place });
    return rows.map(entryOf);
  }

  /** How trials ended, as stated behind a sequence number. */
  trialEnds(after: number): readonly TrialEnd[] {
    return this.#trials.all(after).flatMap((row) => {
      const said = keptStatement(row.signed);
      if (!("feed" in said)) return [];
      const { feed, revision, time } = said;
      const passed = said.what === "trial-passed";
      const why = said.what === "trial-failed" ? said.why.join("; ") : "";
      const text = `${said.bans} bans of ${feed}: ${why}`;
      return [{ agent: row.agent, time, text, feed, revision, passed }];
    });
  }
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
