import { readOps, openSegment } from "../../../agent/protocol/segment.js";
import type { Database, Statement } from "../../journal/database.js";
import type { SegmentSealed } from "../../journal/decision-events.js";
import type { DecisionProjection } from "../../journal/view.js";
import { listFold, listTables, type FoldedImport } from "./lists.projection.js";

/**
 * Every feed's bans, in the order that a snapshot needs them: by family, prefix
 * length and address. `other_until` is how long somebody else than a list bans.
 * `rings` has a ban's ring times as JSON, `rings_until` the last of them; 0: none.
 */
export const bansTables: DecisionProjection = {
  tables: `
    CREATE TABLE positions (
      feed TEXT PRIMARY KEY, id INTEGER NOT NULL UNIQUE, epoch TEXT NOT NULL,
      last INTEGER NOT NULL, hash TEXT NOT NULL
    ) STRICT;
    CREATE TABLE reasons (
      id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE decisions (
      id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE
    ) STRICT;
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
    ${listTables}`,

  fold(database) {
    const begin = database.prepare(
      `INSERT INTO positions
       SELECT ?, count(*) + 1, ?, 0, '${"0".repeat(64)}' FROM positions WHERE true
       ON CONFLICT (feed) DO UPDATE SET epoch = excluded.epoch, last = 0,
         hash = excluded.hash`,
    );
    const forget = database.prepare(
      "DELETE FROM bans WHERE feed = (SELECT id FROM positions WHERE feed = ?)",
    );
    const advance = database
      .prepare<unknown[], number>(
        "UPDATE positions SET last = ?, hash = ? WHERE feed = ? RETURNING id",
      )
      .pluck();
    const lists = listFold(database);
    const take = opFold(database);
    return ({ seq, event }) => {
      if (event.kind === "feed-begun") {
        forget.run(event.feed);
        begin.run(event.feed, event.epoch);
      } else if (event.kind === "decided") {
        lists.decided(event, seq);
      } else if (event.kind === "segment-emptied") {
        advance.get(event.last, event.hash, event.feed);
        lists.of(event.decision)?.read(event.last - event.first + 1);
      } else if (event.kind === "segment") {
        const feed = advance.get(event.last, event.hash, event.feed);
        const list = lists.of(event.decision);
        take(event, feed, list);
        list?.read(event.last - event.first + 1);
      }
    };
  },
};

/**
 * What a list finds banned as it wants it remains the decision's that was first;
 * what anybody else orders is theirs from then on.
 */
function opFold(database: Database) {
  const addReason = textsOf(database, "reasons");
  const addDecision = textsOf(database, "decisions");
  const put = database.prepare(
    `INSERT INTO bans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at,
       reason = excluded.reason, observed = excluded.observed,
       rings = excluded.rings, rings_until = excluded.rings_until,
       decision = iif(excluded.other_until = 0
         AND (expires_at, reason, observed) =
           (excluded.expires_at, excluded.reason, excluded.observed),
         decision, excluded.decision),
       other_until = iif(excluded.other_until = 0, other_until,
         excluded.other_until)`,
  );
  const remove = database.prepare(
    "DELETE FROM bans WHERE feed = ? AND family = ? AND prefix = ? AND address = ?",
  );
  return (
    segment: SegmentSealed,
    feed: number | undefined,
    list: FoldedImport | undefined,
  ): void => {
    const decision = addDecision.get(segment.decision);
    const reasons = new Map<string, number | undefined>();
    for (const op of readOps(openSegment(segment.bytes))) {
      const { family, prefix, address } = op.cidr;
      if (op.op === "lift") {
        remove.run(feed, family, prefix, address);
        list?.lacks(op.cidr);
        continue;
      }
      const known = reasons.get(op.reason) ?? addReason.get(op.reason);
      reasons.set(op.reason, known);
      const other = list === undefined ? op.expiresAt : 0;
      const terms = [op.expiresAt, known, Number(op.observed)];
      const rings = op.rings === undefined ? null : JSON.stringify(op.rings);
      const ringed = [rings, op.rings?.all ?? 0];
      const key = [feed, family, prefix, address];
      put.run(...key, ...terms, decision, other, ...ringed);
      list?.has(op);
    }
  };
}

/** Puts a text into its table, should it not be there yet, and says its number. */
const textsOf = (
  database: Database,
  table: "reasons" | "decisions",
): Statement<number> =>
  database
    .prepare<unknown[], number>(
      `INSERT INTO ${table} (text) VALUES (?)
       ON CONFLICT (text) DO UPDATE SET text = text RETURNING id`,
    )
    .pluck();
