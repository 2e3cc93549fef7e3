import type { Op } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { openSegment, readOps } from "../../agent/protocol/segment.js";
import type { Database, Statement } from "../journal/database.js";
import type { SegmentSealed } from "../journal/events.js";
import type { Projection } from "../journal/view.js";
import { LONGEST_WINDOW_MS } from "./correlation-settings.js";

/** Who decided what and why, and which evidence is spent by it. */
export const decisionTables: Projection = {
  tables: `
    CREATE TABLE decisions (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, action TEXT NOT NULL,
      feed TEXT NOT NULL, decided_by TEXT NOT NULL, ranges INTEGER NOT NULL,
      reason TEXT NOT NULL, decided_at INTEGER NOT NULL,
      evidence TEXT NOT NULL, observed INTEGER NOT NULL, targets TEXT NOT NULL,
      until INTEGER, epoch TEXT, first INTEGER, last INTEGER
    ) STRICT;
    CREATE TABLE spent (
      attacker TEXT PRIMARY KEY, through INTEGER NOT NULL, at INTEGER NOT NULL,
      ruled_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spent_by_time ON spent (at);
    CREATE INDEX spent_by_rule ON spent (ruled_at)`,

  fold(database) {
    const add = database.prepare(
      `INSERT INTO decisions
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', ?, NULL, NULL, NULL)`,
    );
    const place = database.prepare(
      `UPDATE decisions SET epoch = ?, first = coalesce(first, ?), last = ?
       WHERE id = ?`,
    );
    const carryOut = segmentFold(database);
    return ({ seq, at, event }) => {
      if (event.kind === "decided") {
        const { decision, action, feed, by, ranges, reason } = event;
        const evidence = JSON.stringify(event.evidence ?? []);
        const observed = Number(event.observed ?? false);
        add.run(
          ...[seq, decision, action, feed, by, ranges, reason, at],
          ...[evidence, observed, event.until ?? null],
        );
      } else if (event.kind === "segment") {
        place.run(event.epoch, event.first, event.last, event.decision);
        carryOut(event, seq, at);
      }
    };
  },
};

/**
 * A rule's ban and anybody's lift of `urgent` spend the evidence before them: it
 * is not decided on again.
 */
function segmentFold(database: Database) {
  const decisionOf: Statement<{ action: string; byRule: number }> =
    database.prepare(
      `SELECT action, evidence <> '[]' AS byRule FROM decisions
       WHERE id = ? AND action <> 'import'`,
    );
  const setTargets = database.prepare(
    "UPDATE decisions SET targets = ? WHERE id = ? AND targets = '[]'",
  );
  const spend = database.prepare(
    `INSERT INTO spent VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       through = excluded.through, at = excluded.at,
       ruled_at = coalesce(excluded.ruled_at, ruled_at)`,
  );
  const forget = database.prepare("DELETE FROM spent WHERE at < ?");
  return (segment: SegmentSealed, seq: number, at: number): void => {
    const decided = decisionOf.get(segment.decision);
    if (decided === undefined) return;
    const spends = decided.byRule === 1 || decided.action === "lift";
    const urgent = segment.feed === "urgent";
    const ops = segment.last - segment.first + 1;
    if (ops > FEW && !(urgent && spends)) return;

    const ranges = rangesOf(readOps(openSegment(segment.bytes)));
    setTargets.run(JSON.stringify(ranges.slice(0, FEW)), segment.decision);
    if (!urgent || !spends) return;
    const ruledAt = decided.byRule === 1 ? at : null;
    for (const range of ranges) spend.run(range, seq, at, ruledAt);
    forget.run(at - LONGEST_WINDOW_MS);
  };
}

/** Ranges that a list of decisions has room to name. */
const FEW = 8;

const rangesOf = (ops: Iterable<Op>): readonly string[] =>
  Array.from(ops, ({ cidr }) => formatCidr(cidr));
