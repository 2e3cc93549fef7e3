import type { Database } from "../journal/database.js";
import type { Decided, RecordedDecision } from "../journal/decision-events.js";
import type { DecisionProjection } from "../journal/view.js";

/**
 * Who came when, for whom somebody vouches, on whose word was decided, and what of
 * it was found wrong.
 */
export const weightTables: DecisionProjection = {
  tables: `
    CREATE TABLE arrivals (
      org TEXT PRIMARY KEY, at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX arrivals_by_time ON arrivals (at);
    CREATE TABLE vouches (
      org TEXT PRIMARY KEY, vouched_by TEXT NOT NULL, why TEXT NOT NULL,
      vouched_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE causes (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, orgs TEXT NOT NULL,
      weights TEXT
    ) STRICT;
    CREATE TABLE blames (
      org TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
      why TEXT NOT NULL, share REAL NOT NULL, undo TEXT,
      PRIMARY KEY (org, id, why)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX blames_by_undo ON blames (undo) WHERE undo IS NOT NULL`,

  fold(database) {
    const arrive = database.prepare(
      "INSERT INTO arrivals VALUES (?, ?) ON CONFLICT DO NOTHING",
    );
    const vouch = database.prepare(
      "INSERT OR REPLACE INTO vouches VALUES (?, ?, ?, ?, ?)",
    );
    const withdraw = database.prepare("DELETE FROM vouches WHERE org = ?");
    const causes = causeFold(database);
    const blame = blameFold(database);
    return (recorded) => {
      const { at, event } = recorded;
      causes(recorded);
      if (event.kind === "agent-enrolled") arrive.run(event.org, at);
      else if (event.kind === "org-vouched") {
        vouch.run(event.org, event.by, event.why, at, event.expiresAt);
      } else if (event.kind === "vouch-withdrawn") withdraw.run(event.org);
      else blame(event, at);
    };
  },
};

/** Whose word it was, and what each weighed; absent: all alike. */
type Witnesses = Pick<Decided, "orgs" | "weights">;

/** Whose word each decision of rules went by, and each proposal of theirs. */
function causeFold(database: Database) {
  const add = database.prepare(
    "INSERT OR IGNORE INTO causes VALUES (?, ?, ?, ?)",
  );
  const release = database.prepare(
    `INSERT OR IGNORE INTO causes
       SELECT ?, ?, orgs, weights FROM causes WHERE id = ?`,
  );
  const forget = database.prepare(
    `DELETE FROM causes WHERE seq <= (
       SELECT seq FROM causes ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_CAUSES})`,
  );
  let notes = 0;
  const note = (seq: number, id: string, { orgs, weights }: Witnesses) => {
    const texts = [orgs, weights].map((each) => each && JSON.stringify(each));
    add.run(seq, id, ...texts);
    if (++notes % FORGET_EVERY === 1) forget.run();
  };
  return ({ seq, event }: RecordedDecision): void => {
    if (event.kind === "decided" && event.orgs !== undefined) {
      note(seq, event.decision, event);
    } else if (event.kind === "proposed") {
      note(seq, event.proposal, event);
    } else if (event.kind === "proposal-settled") {
      const { verdict, decision, proposal } = event;
      if (verdict === "released" && decision !== undefined) {
        release.run(seq, decision, proposal);
      }
    }
  };
}

/**
 * What was found wrong weighs on who caused it, once for each way it was found.
 * What an undo found does no more once that is undone; what a contest found stays.
 */
function blameFold(database: Database) {
  const causeOf = database.prepare<unknown[], Cause>(
    "SELECT orgs, weights FROM causes WHERE id = ?",
  );
  const put = database.prepare(
    "INSERT INTO blames VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const forget = database.prepare(
    "DELETE FROM blames WHERE org = ? AND at < ?",
  );
  const withdraw = database.prepare("DELETE FROM blames WHERE undo = ?");
  return (event: RecordedDecision["event"], at: number): void => {
    if (event.kind === "undone") withdraw.run(event.undoes);
    const undo = (event.kind === "undone" && event.decision) || null;
    for (const { id, why } of faultsIn(event)) {
      const cause = causeOf.get(id);
      if (cause === undefined) continue;
      for (const [org, part] of partsOf(cause)) {
        forget.run(org, at - BLAMED_FOR_MS);
        put.run(org, id, at, why, FAULTS[why] * part, undo);
      }
    }
  };
}

/** As the table has them: JSON. */
interface Cause {
  readonly orgs: string;
  /** Null: all alike. */
  readonly weights: string | null;
}

/** Who had which part in it, by what each weighed: puppets take nothing of it. */
function partsOf(
  cause: Cause,
): readonly (readonly [org: string, part: number])[] {
  const orgs = JSON.parse(cause.orgs) as readonly string[];
  const weights =
    cause.weights === null
      ? orgs.map(() => 1)
      : (JSON.parse(cause.weights) as readonly number[]);
  const sum = weights.reduce((all, each) => all + each, 0);
  return orgs.flatMap((org, at) => {
    const weight = weights[at] ?? 0;
    const part = Math.min(1, (FEW * weight) / sum);
    return weight > 0 ? [[org, part]] : [];
  });
}

/** How what was decided, or proposed, turned out to be wrong. */
export type Fault = "released" | "undone" | "shortened" | "refused";

/** What each costs an org that had a part in it. */
export const FAULTS: Readonly<Record<Fault, number>> = {
  ...{ released: 1, undone: 1, shortened: 0.5, refused: 0.25 },
};

function faultsIn(
  event: RecordedDecision["event"],
): readonly { readonly id: string; readonly why: Fault }[] {
  if (event.kind === "proposal-settled" && event.wrong) {
    return [{ id: event.proposal, why: "refused" }];
  }
  if (event.kind === "undone" && event.wrong) {
    return [{ id: event.undoes, why: "undone" }];
  }
  if (event.kind === "contest-answered" && event.verdict !== "refused") {
    const { verdict: why, about } = event;
    return about.map((id) => ({ id, why }));
  }
  return [];
}

/** So long, and less each day, it counts that one was wrong. */
export const BLAMED_FOR_MS = 90 * 24 * 60 * 60 * 1000;

/** So few are to blame in full; of more, each for a part, by what it weighs. */
const FEW = 3;

/** Of some 100 bytes each; a contest comes within weeks, if at all. */
const MOST_CAUSES = 500_000;

/** Decisions between two looks at what is over: that steps over all that is kept. */
const FORGET_EVERY = 1_000;
