import type { Database, Statement } from "../journal/database.js";
import type { TelemetryTaken } from "../journal/observation-events.js";
import type { ObservationProjection } from "../journal/view.js";
import { attackerKey, attackerOf, readRemote } from "../telemetry/remote.js";

/** Which orgs saw which attackers, and how often two of them saw the same. */
export const standingTables: ObservationProjection = {
  tables: `
    CREATE TABLE sights (
      attacker TEXT NOT NULL, org TEXT NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY (attacker, org)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sights_by_org ON sights (org, at);
    CREATE TABLE confirmations (
      org TEXT NOT NULL, other TEXT NOT NULL, attackers INTEGER NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (org, other)
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const see = sightFold(database);
    const forget = forgetFold(database);
    return ({ at, event }) => {
      if (event.kind !== "telemetry") return;
      const attackers = attackersIn(event);
      for (const attacker of attackers) see(attacker, event.org, at);
      if (attackers.size > 0) forget(event.org, at);
    };
  },
};

/** Whom a message's sensors detected; a guard that held speaks for itself. */
function attackersIn({ items }: TelemetryTaken): ReadonlySet<string> {
  const attackers = new Set<string>();
  for (const item of items) {
    if (item.kind !== "detection" || item.action === "held") continue;
    const remote = readRemote(item.source);
    const attacker = remote && attackerOf(remote);
    if (attacker !== undefined) attackers.add(attackerKey(attacker));
  }
  return attackers;
}

/** What one org sees for the first time in a day confirms those who saw it. */
function sightFold(database: Database) {
  const last = database
    .prepare<unknown[], number>(
      "SELECT at FROM sights WHERE attacker = ? AND org = ?",
    )
    .pluck();
  const others = database
    .prepare<unknown[], string>(
      `SELECT org FROM sights WHERE attacker = ? AND org <> ? AND at > ?
       LIMIT ${MOST_AT_ONCE}`,
    )
    .pluck();
  const put = database.prepare(
    `INSERT INTO sights VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET at = excluded.at`,
  );
  const confirm = database.prepare(
    `INSERT INTO confirmations VALUES (?, ?, 1, ?)
     ON CONFLICT DO UPDATE SET attackers = attackers + 1, at = excluded.at`,
  );
  return (attacker: string, org: string, at: number): void => {
    const since = at - SAME_WITHIN_MS;
    if ((last.get(attacker, org) ?? 0) > since) return;
    for (const other of others.all(attacker, org, since)) {
      confirm.run(org, other, at);
      confirm.run(other, org, at);
    }
    put.run(attacker, org, at);
  };
}

/** Of each org apart, now and then: who invents much displaces its own only. */
function forgetFold(database: Database) {
  const statements: readonly Statement<never>[] = [
    database.prepare(
      `DELETE FROM sights WHERE org = @org AND at <= max(@since, coalesce(
         (SELECT at FROM sights WHERE org = @org
          ORDER BY at DESC LIMIT 1 OFFSET ${MOST_SIGHTS}), 0))`,
    ),
    database.prepare(
      // Those who confirmed the most stay: strangers who mimic it come and go.
      `DELETE FROM confirmations WHERE org = @org AND (at < @forgotten
         OR attackers < coalesce((SELECT attackers FROM confirmations
           WHERE org = @org
           ORDER BY attackers DESC LIMIT 1 OFFSET ${MOST_CONFIRMERS}), 0))`,
    ),
  ];
  const since = new Map<string, number>();
  return (org: string, at: number): void => {
    const messages = (since.get(org) ?? 0) + 1;
    since.set(org, messages % FORGET_EVERY);
    if (messages < FORGET_EVERY) return;
    const forgotten = at - CONFIRMED_WITHIN_MS;
    for (const each of statements) {
      each.run({ org, since: at - SAME_WITHIN_MS, forgotten });
    }
  };
}

/** How long a confirmation counts. */
export const CONFIRMED_WITHIN_MS = 30 * 24 * 60 * 60 * 1000;

/** Attackers go round the internet in hours. */
const SAME_WITHIN_MS = 24 * 60 * 60 * 1000;

/** Of an attacker whom everybody sees, so many tell enough. */
const MOST_AT_ONCE = 32;

const MOST_SIGHTS = 20_000;
const MOST_CONFIRMERS = 256;

/** Messages of an org between two looks at what is over. */
const FORGET_EVERY = 64;
