import type { Op } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { openSegment, readOps } from "../../agent/protocol/segment.js";
import type { Database, Statement } from "../journal/database.js";
import type { Decided, SegmentSealed } from "../journal/decision-events.js";
import type { DecisionProjection } from "../journal/view.js";
import { LONGEST_WINDOW_MS } from "../rules/rule-set.js";
import { earlierFold } from "./earlier.projection.js";

/** Who decided what and why, and which evidence is spent by it. */
export const decisionTables: DecisionProjection = {
  tables: `
    CREATE TABLE decisions (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, action TEXT NOT NULL,
      feed TEXT NOT NULL, decided_by TEXT NOT NULL, ranges INTEGER NOT NULL,
      reason TEXT NOT NULL, decided_at INTEGER NOT NULL,
      evidence TEXT NOT NULL, observed INTEGER NOT NULL, targets TEXT NOT NULL,
      until INTEGER, epoch TEXT, first INTEGER, last INTEGER, seen INTEGER,
      confidence REAL, rules INTEGER,
      undoes TEXT, list TEXT
    ) STRICT;
    CREATE INDEX decisions_by_feed ON decisions (feed);
    CREATE TABLE spent (
      attacker TEXT PRIMARY KEY, through INTEGER NOT NULL, at INTEGER NOT NULL,
      ruled_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spent_by_time ON spent (at);
    CREATE INDEX spent_by_rule ON spent (ruled_at);
    CREATE TABLE rate_alarms (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL,
      max_per_minute INTEGER NOT NULL, orgs TEXT NOT NULL
    ) STRICT;
    CREATE TABLE shares (
      at INTEGER NOT NULL, seq INTEGER NOT NULL, org TEXT NOT NULL,
      PRIMARY KEY (at, seq, org)
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const add = database.prepare(
      `INSERT INTO decisions
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', ?, NULL, NULL, NULL, ?,
         ?, ?, ?, ?)`,
    );
    const place = database.prepare(
      `UPDATE decisions SET epoch = ?, first = coalesce(first, ?), last = ?
       WHERE id = ?`,
    );
    const share = database.prepare("INSERT INTO shares VALUES (?, ?, ?)");
    const forget = database.prepare("DELETE FROM shares WHERE at < ?");
    const alarm = database.prepare(
      "INSERT INTO rate_alarms VALUES (?, ?, ?, ?)",
    );
    const carryOut = segmentFold(database);
    return ({ seq, at, event }) => {
      if (event.kind === "decided") {
        add.run(...columnsOf(event, seq, at));
        for (const org of event.orgs ?? []) share.run(at, seq, org);
        if (event.orgs !== undefined) forget.run(at - SHARED_FOR_MS);
      } else if (event.kind === "segment-emptied") {
        place.run(event.epoch, event.first, event.last, event.decision);
      } else if (event.kind === "segment") {
        place.run(event.epoch, event.first, event.last, event.decision);
        carryOut(event, seq, at);
      } else if (event.kind === "rate-reached") {
        const { maxPerMinute, orgs } = event;
        alarm.run(seq, at, maxPerMinute, JSON.stringify(orgs));
      }
    };
  },
};

function columnsOf(event: Decided, seq: number, at: number) {
  const { decision, action, feed, by, ranges, reason } = event;
  const { until = null, seen = null, confidence = null, rules = null } = event;
  const { undoes = null, list = null } = event;
  const evidence = JSON.stringify(event.evidence ?? []);
  const observed = Number(event.observed ?? false);
  return [
    ...[seq, decision, action, feed, by, ranges, reason, at],
    ...[evidence, observed, until, seen, confidence, rules, undoes, list],
  ];
}

/**
 * A ban on evidence and anybody's lift of `urgent`, also in an undo, spend what was
 * seen before them: it is not decided on again.
 */
function segmentFold(database: Database) {
  const decisionOf: Statement<Carried> = database.prepare(
    `SELECT decided_by LIKE 'rule:%' AS byRule,
         evidence <> '[]' AS onEvidence, seen, until,
         action = 'lift' OR undoes IS NOT NULL AS lifts
       FROM decisions WHERE id = ? AND action <> 'import'`,
  );
  const setTargets = database.prepare(
    "UPDATE decisions SET targets = ? WHERE id = ? AND targets = '[]'",
  );
  const spend = spendFold(database);
  return (segment: SegmentSealed, seq: number, at: number): void => {
    const decided = decisionOf.get(segment.decision);
    if (decided === undefined) return;
    const lifts = decided.lifts === 1;
    const spends = decided.onEvidence === 1 || lifts;
    const urgent = segment.feed === "urgent";
    const ops = segment.last - segment.first + 1;
    if (ops > FEW && !(urgent && spends)) return;

    const all = [...readOps(openSegment(segment.bytes))];
    const few = rangesOf(all.slice(0, FEW));
    setTargets.run(JSON.stringify(few), segment.decision);
    if (!urgent || !spends) return;
    // What an undo bans again was decided on before.
    const spent = lifts ? all.filter(({ op }) => op === "lift") : all;
    spend(rangesOf(spent), decided, { seq, at });
  };
}

/** What is seen of the ranges until then is decided on, and not once more. */
function spendFold(database: Database) {
  const spend = database.prepare(
    `INSERT INTO spent VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       through = excluded.through, at = excluded.at,
       ruled_at = coalesce(excluded.ruled_at, ruled_at)`,
  );
  const forget = database.prepare("DELETE FROM spent WHERE at < ?");
  const earlier = earlierFold(database);
  return (
    ranges: readonly string[],
    decided: Carried,
    { seq, at }: { readonly seq: number; readonly at: number },
  ): void => {
    const isBan = decided.byRule === 1 && decided.lifts === 0;
    const ruledAt = isBan ? at : null;
    // Of what is older than two logs, all that lies before it in the one.
    const through = decided.seen ?? seq;
    const until = decided.until === null ? at : decided.until * 1_000;
    for (const range of ranges) {
      spend.run(range, through, at, ruledAt);
      if (decided.lifts === 1) earlier.lifted(range, at);
      else earlier.banned(range, { at, until, through });
    }
    forget.run(at - LONGEST_WINDOW_MS);
  };
}

/** What is looked up of a decision that a segment carries out. */
interface Carried {
  /** It lifts, or undoes. */
  readonly lifts: 0 | 1;
  readonly byRule: 0 | 1;
  readonly onEvidence: 0 | 1;
  readonly seen: number | null;
  /** Unix seconds. */
  readonly until: number | null;
}

/** The rate is of a minute; clocks that are put back take some along. */
const SHARED_FOR_MS = 60 * 60 * 1000;

/** Ranges that a list of decisions has room to name. */
const FEW = 8;

const rangesOf = (ops: Iterable<Op>): readonly string[] =>
  Array.from(ops, ({ cidr }) => formatCidr(cidr));
