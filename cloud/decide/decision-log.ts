import type { FeedName } from "../../agent/model/position.js";
import { EVERYBODYS } from "../feeds/audience.js";
import type { Database, Statement } from "../journal/database.js";
import type { Decided, RateReached } from "../journal/decision-events.js";

/** A decision with its place in the order. */
export interface DecisionEntry {
  readonly seq: number;
  readonly decision: string;
  /** Milliseconds since 1970. */
  readonly decidedAt: number;
  readonly action: Decided["action"];
  readonly feed: FeedName;
  /** An operator's name, or "rule:" and a rule's. */
  readonly by: string;
  /** How many ranges, and the first few of them; none of an import. */
  readonly ranges: number;
  readonly targets: readonly string[];
  readonly reason: string;
  /** Hosts only count and report what it banned. */
  readonly observed: boolean;
  /** Unix seconds: when the last of it ends; null of lifts, and of older lists. */
  readonly until: number | null;
  /** Where its ops stand in the feed; null until they do. */
  readonly epoch: string | null;
  readonly first: number | null;
  readonly last: number | null;
  /** How far the observations went that it was decided on. */
  readonly seen: number;
  /** Sequence numbers of the telemetry that a rule decided on. */
  readonly evidence: readonly number[];
  /** How sure the rule was, from 0 to 1; null: a person decided. */
  readonly confidence: number | null;
  /** Version of the rules; null: those that the settings say, or a person. */
  readonly rules: number | null;
}

/** Rules wanted to ban more than they may. */
export interface RateAlarmEntry extends Omit<RateReached, "kind"> {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Which to look for; undefined is any. */
export interface DecisionQuery extends DecisionsOf {
  readonly limit: number;
  readonly before: number | undefined;
}

/** Whose, and for whom; undefined is any. */
export interface DecisionsOf {
  /** Of those in everybody's feeds, an org knows rules by their names alone. */
  readonly by: string | undefined;
  readonly feed: FeedName | undefined;
  /** As the people of an org see them: those of its hosts' feeds. */
  readonly org: string | undefined;
}

/** Tells who decided what, when and why, and what evidence is spent. */
export class DecisionLog {
  readonly #decisions: Statement<Row>;
  readonly #ofFeed: Statement<Row>;
  readonly #decision: Statement<Row>;
  readonly #count: Statement<number>;
  readonly #countOfFeed: Statement<number>;
  readonly #spent: Statement<number>;
  readonly #ruled: Statement<number>;
  readonly #alarms: Statement<{
    at: number;
    maxPerMinute: number;
    orgs: string;
  }>;
  readonly #shares: Statement<{ org: string; bans: number }>;

  constructor(database: Database) {
    this.#decisions = database.prepare(
      `${DECISIONS}
       WHERE seq < @before AND ${WHOSE}
       ORDER BY seq DESC LIMIT @limit`,
    );
    this.#ofFeed = database.prepare(
      `${DECISIONS}
       WHERE feed = @feed AND seq < @before AND ${WHOSE}
       ORDER BY seq DESC LIMIT @limit`,
    );
    this.#decision = database.prepare(`${DECISIONS} WHERE id = ?`);
    this.#count = database
      .prepare<unknown[], number>(
        `SELECT count(*) FROM decisions WHERE ${WHOSE}`,
      )
      .pluck();
    this.#countOfFeed = database
      .prepare<unknown[], number>(
        `SELECT count(*) FROM decisions WHERE feed = @feed AND ${WHOSE}`,
      )
      .pluck();
    this.#spent = database
      .prepare<unknown[], number>(
        "SELECT through FROM spent WHERE attacker = ?",
      )
      .pluck();
    this.#ruled = database
      .prepare<unknown[], number>(
        "SELECT count(*) FROM spent WHERE ruled_at > ?",
      )
      .pluck();
    this.#alarms = database.prepare(
      `SELECT at, max_per_minute AS maxPerMinute, orgs FROM rate_alarms
       ORDER BY seq DESC LIMIT ${FEW_ALARMS}`,
    );
    this.#shares = database.prepare(
      "SELECT org, count(*) AS bans FROM shares WHERE at > ? GROUP BY org",
    );
  }

  /** Newest first. */
  decisions(query: DecisionQuery): readonly DecisionEntry[] {
    const { limit, before = Number.MAX_SAFE_INTEGER, feed } = query;
    const asked = feed === undefined ? this.#decisions : this.#ofFeed;
    return asked.all({ limit, before, ...boundOf(query) }).map(entryOf);
  }

  /** How many there are, whatever the limit. */
  count(whose: DecisionsOf): number {
    const asked = whose.feed === undefined ? this.#count : this.#countOfFeed;
    return asked.get(boundOf(whose)) ?? 0;
  }

  decision(id: string): DecisionEntry | undefined {
    const row = this.#decision.get(id);
    return row && entryOf(row);
  }

  /** Observations up to this sequence number were decided on already. */
  spentThrough(attacker: string): number {
    return this.#spent.get(attacker) ?? 0;
  }

  /** How many attackers rules banned later than `since`. */
  ruledSince(since: number): number {
    return this.#ruled.get(since) ?? 0;
  }

  /** When rules last reached their rate, newest first. */
  alarms(): readonly RateAlarmEntry[] {
    return this.#alarms.all().map(({ orgs, ...row }) => ({
      ...row,
      orgs: JSON.parse(orgs) as RateReached["orgs"],
    }));
  }

  /** In how many of the rules' bans since then each org had a part. */
  sharesSince(since: number): ReadonlyMap<string, number> {
    const rows = this.#shares.all(since);
    return new Map(rows.map(({ org, bans }) => [org, bans]));
  }
}

const FEW_ALARMS = 10;

const WHOSE = `(@feed IS NULL OR feed = @feed)
  AND (@by IS NULL OR decided_by = @by)
  AND (@own IS NULL OR feed = @own
    OR substr(feed, 1, length(@own) + 1) = @own || '/'
    OR (feed IN (SELECT value FROM json_each(@everybodys))
      AND (@by IS NULL OR @by LIKE 'rule:%')))`;

const boundOf = ({ by, feed, org }: DecisionsOf) => ({
  ...{ by: by ?? null, feed: feed ?? null },
  own: org === undefined ? null : `org/${org}`,
  everybodys: JSON.stringify(EVERYBODYS),
});

type Row = Omit<DecisionEntry, "observed" | "targets" | "evidence"> & {
  readonly observed: 0 | 1;
  readonly targets: string;
  readonly evidence: string;
};

const DECISIONS = `
  SELECT seq, id AS decision, decided_at AS decidedAt, action, feed,
    decided_by AS by, ranges, targets, reason, observed, evidence, until,
    epoch, first, last, coalesce(seen, seq) AS seen, confidence, rules
  FROM decisions`;

const entryOf = (row: Row): DecisionEntry => ({
  ...row,
  observed: row.observed === 1,
  targets: JSON.parse(row.targets) as string[],
  evidence: JSON.parse(row.evidence) as number[],
});
