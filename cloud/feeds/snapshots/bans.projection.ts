import { readOps, openSegment } from "../../../agent/protocol/segment.js";
import type { Database, Statement } from "../../journal/database.js";
import type { SegmentSealed } from "../../journal/decision-events.js";
import type { DecisionProjection } from "../../journal/view.js";
import type { BanChanges } from "../catalogue/catalogue.js";
import { listFold, listTables, type FoldedImport } from "./lists.projection.js";

/**
 * Every feed's bans, in the order that a snapshot needs them: by family, prefix
 * length and address. `other_until` is how long somebody else than a list bans.
 * `rings` has a ban's ring times as JSON, `rings_until` the last of them; 0: none.
 * Numbers of decisions are in the order of their time, which is in milliseconds.
 */
const TABLES = `
    CREATE TABLE positions (
      feed TEXT PRIMARY KEY, id INTEGER NOT NULL UNIQUE, epoch TEXT NOT NULL,
      last INTEGER NOT NULL, hash TEXT NOT NULL
    ) STRICT;
    CREATE TABLE reasons (
      id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE decisions (
      id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX decisions_by_time ON decisions (at);
    CREATE TABLE bans (
      feed INTEGER NOT NULL, family INTEGER NOT NULL, prefix INTEGER NOT NULL,
      address BLOB NOT NULL, expires_at INTEGER NOT NULL,
      reason INTEGER NOT NULL, observed INTEGER NOT NULL,
      decision INTEGER NOT NULL, other_until INTEGER NOT NULL,
      rings TEXT, rings_until INTEGER NOT NULL,
      PRIMARY KEY (feed, family, prefix, address)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE snapshots (
      sha256 TEXT PRIMARY KEY, feed TEXT NOT NULL, epoch TEXT NOT NULL,
      last INTEGER NOT NULL, bytes INTEGER NOT NULL, bans INTEGER NOT NULL,
      issued_at INTEGER NOT NULL, signed_by TEXT NOT NULL,
      version INTEGER NOT NULL
    ) STRICT;
    ${listTables}`;

/** The tables of bans, and who is told of each change while it is made. */
export const bansTablesTold = (told: BanChanges): DecisionProjection => ({
  tables: TABLES,
  fold: (database) => foldOf(database, told),
});

const NOBODY: BanChanges = {
  put: () => undefined,
  remove: () => undefined,
  begin: () => undefined,
};

export const bansTables = bansTablesTold(NOBODY);

function foldOf(
  database: Database,
  told: BanChanges,
): ReturnType<DecisionProjection["fold"]> {
  const begin = database
    .prepare<unknown[], number>(
      `INSERT INTO positions
       SELECT ?, count(*) + 1, ?, 0, '${"0".repeat(64)}' FROM positions WHERE true
       ON CONFLICT (feed) DO UPDATE SET epoch = excluded.epoch, last = 0,
         hash = excluded.hash
       RETURNING id`,
    )
    .pluck();
  const forget = database.prepare("DELETE FROM bans WHERE feed = ?");
  const advance = database
    .prepare<unknown[], number>(
      "UPDATE positions SET last = ?, hash = ? WHERE feed = ? RETURNING id",
    )
    .pluck();
  const lists = listFold(database);
  const take = opFold(database, told);
  return ({ seq, at, event }) => {
    if (event.kind === "feed-begun") {
      const feed = begin.get(event.feed, event.epoch) ?? 0;
      forget.run(feed);
      told.begin(feed);
    } else if (event.kind === "decided") {
      lists.decided(event, seq);
    } else if (event.kind === "segment-emptied") {
      advance.get(event.last, event.hash, event.feed);
      lists.of(event.decision)?.read(event.last - event.first + 1);
    } else if (event.kind === "segment") {
      const feed = advance.get(event.last, event.hash, event.feed) ?? 0;
      const list = lists.of(event.decision);
      take(event, { feed, at, list });
      list?.read(event.last - event.first + 1);
    }
  };
}

/** Where a segment's ops go. */
interface Into {
  /** The feed's number. */
  readonly feed: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly list: FoldedImport | undefined;
}

function opFold(database: Database, told: BanChanges) {
  const addReason = numberOf(database, REASON);
  const addDecision = numberOf(database, DECISION);
  const put = database.prepare(PUT);
  const remove = database.prepare(
    "DELETE FROM bans WHERE feed = ? AND family = ? AND prefix = ? AND address = ?",
  );
  return (segment: SegmentSealed, { feed, at, list }: Into): void => {
    const decision = addDecision.get(segment.decision, at) ?? 0;
    const reasons = new Map<string, number>();
    for (const op of readOps(openSegment(segment.bytes))) {
      const { cidr } = op;
      const key = [feed, cidr.family, cidr.prefix, cidr.address];
      if (op.op === "lift") {
        remove.run(...key);
        told.remove(feed, cidr);
        list?.lacks(cidr);
        continue;
      }
      const { expiresAt: until, observed, rings } = op;
      const reason = reasons.get(op.reason) ?? addReason.get(op.reason) ?? 0;
      reasons.set(op.reason, reason);
      const terms = [until, reason, Number(observed), decision];
      const other = list === undefined ? until : 0;
      const ringed = rings === undefined ? null : JSON.stringify(rings);
      put.run(...key, ...terms, other, ringed, rings?.all ?? 0);
      told.put(
        {
          feed,
          cidr,
          until,
          observed,
          reason,
          decision,
          ringed: ringed !== null,
        },
        list !== undefined,
      );
      list?.has(op);
    }
  };
}

/**
 * What a list finds banned as it wants it remains the decision's that was first;
 * what anybody else orders is theirs from then on.
 */
const PUT = `INSERT INTO bans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at,
    reason = excluded.reason, observed = excluded.observed,
    rings = excluded.rings, rings_until = excluded.rings_until,
    decision = iif(excluded.other_until = 0
      AND (expires_at, reason, observed) =
        (excluded.expires_at, excluded.reason, excluded.observed),
      decision, excluded.decision),
    other_until = iif(excluded.other_until = 0, other_until,
      excluded.other_until)`;

const REASON = `INSERT INTO reasons (text) VALUES (?)
  ON CONFLICT (text) DO UPDATE SET text = text RETURNING id`;

const DECISION = `INSERT INTO decisions (text, at) VALUES (?, ?)
  ON CONFLICT (text) DO UPDATE SET text = text RETURNING id`;

/** Puts a text into its table, should it not be there yet, and says its number. */
const numberOf = (database: Database, put: string): Statement<number> =>
  database.prepare<unknown[], number>(put).pluck();
