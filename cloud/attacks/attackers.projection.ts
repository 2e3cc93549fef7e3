import type { Database } from "../journal/database.js";
import type { ObservationProjection } from "../journal/view.js";
import type { Countries } from "../places/countries.js";
import { ANYBODY } from "./anybody.js";
import { SumsIn } from "./sums.js";
import { timesFold, timesTables } from "./times.projection.js";
import { toldIn, type ToldOf } from "./told-of.js";

/**
 * Whom the hosts of each org saw, and, in the rows of no org, whom anybody's did, as the
 * sum of what is kept of the orgs; and attacks over time.
 * @param countries as they are known when something is folded
 */
export const attackTables = (
  countries: Pick<Countries, "of">,
): ObservationProjection => ({
  tables: `
    ${timesTables};
    CREATE TABLE attackers (
      id INTEGER PRIMARY KEY, org TEXT NOT NULL, attacker TEXT NOT NULL,
      family INTEGER NOT NULL, address BLOB NOT NULL,
      failures INTEGER NOT NULL, packets INTEGER NOT NULL,
      observed INTEGER NOT NULL, first_seen INTEGER NOT NULL,
      last_seen INTEGER NOT NULL, sensors TEXT NOT NULL,
      hosts INTEGER NOT NULL, orgs INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX attackers_by_name ON attackers (attacker, org);
    CREATE INDEX attackers_by_last ON attackers (org, last_seen, attacker);
    CREATE INDEX attackers_by_failures ON attackers (org, failures, attacker);
    CREATE INDEX attackers_by_packets ON attackers (org, packets, attacker);
    CREATE INDEX attackers_by_address ON attackers (org, family, address);
    CREATE TABLE attacker_hosts (
      attacker INTEGER NOT NULL, agent TEXT NOT NULL,
      PRIMARY KEY (attacker, agent)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE attacker_counts (
      org TEXT PRIMARY KEY, attackers INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const take = takeFold(database);
    const makeRoom = roomFold(database);
    const addTimes = timesFold(database);
    return ({ at, event }) => {
      if (event.kind !== "telemetry") return;
      const { org, agent } = event;
      const sums = new SumsIn(at, countries);
      sums.add(event);
      const told = toldIn(event, at);
      let more = 0;
      for (const each of told) {
        const { toOrg, toAll } = take(each, { org, agent });
        if (toOrg) sums.addNew(each, toAll);
        if (toOrg) more += 1;
      }
      if (more > 0) makeRoom(org, more);
      addTimes(org, sums.all(), at);
    };
  },
});

/** Of each org apart: one that invents attackers displaces its own only. */
export const MOST_OF_AN_ORG = 50_000;

/** Hosts of an org that are told apart for one attacker; more count as so many. */
export const MOST_HOSTS = 100;

/** Hosts name their sensors themselves. */
const MOST_SENSORS = 8;

interface Whose {
  readonly org: string;
  readonly agent: string;
}

/** @returns takes what is told, and says whether the attacker is new */
function takeFold(database: Database) {
  const find = database.prepare<unknown[], KnownRow>(
    "SELECT id, hosts, sensors FROM attackers WHERE attacker = ? AND org = ?",
  );
  const add = database.prepare(
    "INSERT INTO attackers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const addTo = database.prepare(
    `UPDATE attackers SET ${sum("failures")}, ${sum("packets")},
       ${sum("observed")}, first_seen = min(first_seen, ?),
       last_seen = max(last_seen, ?), sensors = ?, hosts = ?,
       orgs = orgs + ? WHERE id = ?`,
  );
  const addHost = database.prepare(
    "INSERT INTO attacker_hosts VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const put = (
    org: string,
    told: ToldOf,
    known: KnownRow | undefined,
    more: More,
  ): number | bigint => {
    const sensors = sensorsOf(known, told);
    const sums = [told.failures, told.packets, told.observed];
    const seen = [...sums, told.firstSeen, told.lastSeen, sensors];
    const hosts = (known?.hosts ?? 0) + more.hosts;
    if (known !== undefined) {
      addTo.run(...seen, hosts, more.orgs, known.id);
      return known.id;
    }
    const { family, address } = told.cidr;
    const place = [org, told.attacker, family, address];
    return add.run(...place, ...seen, hosts, more.orgs).lastInsertRowid;
  };
  return (told: ToldOf, { org, agent }: Whose): NewTo => {
    const own = find.get(told.attacker, org);
    const isNew = own === undefined;
    const isAnother =
      isNew ||
      (own.hosts < MOST_HOSTS && addHost.run(own.id, agent).changes > 0);
    const hosts = Number(isAnother);
    const id = put(org, told, own, { hosts, orgs: 0 });
    if (isNew) addHost.run(id, agent);
    const all = find.get(told.attacker, ANYBODY);
    put(ANYBODY, told, all, { hosts, orgs: Number(isNew) });
    return { toOrg: isNew, toAll: all === undefined };
  };
}

/** Who did not know of an attacker before. */
interface NewTo {
  readonly toOrg: boolean;
  readonly toAll: boolean;
}

interface KnownRow {
  readonly id: number;
  readonly hosts: number;
  /** As JSON. */
  readonly sensors: string;
}

/** What comes to the hosts and orgs that saw them. */
interface More {
  readonly hosts: number;
  readonly orgs: number;
}

/** Those that are known, and those that are told of beside them, as JSON. */
function sensorsOf(
  row: KnownRow | undefined,
  { sensors }: Pick<ToldOf, "sensors">,
): string {
  const text = row?.sensors ?? "[]";
  if (sensors.size === 0) return text;
  const known = JSON.parse(text) as string[];
  const more = [...sensors].filter((each) => !known.includes(each));
  return JSON.stringify([...known, ...more].slice(0, MOST_SENSORS));
}

const sum = (column: string): string =>
  `${column} = min(${column} + ?, ${Number.MAX_SAFE_INTEGER})`;

/** Those that were not seen for longest go: as many as came beyond the most. */
function roomFold(database: Database) {
  const count = database
    .prepare<unknown[], number>(
      `INSERT INTO attacker_counts VALUES (?, ?)
       ON CONFLICT DO UPDATE SET attackers = attackers + excluded.attackers
       RETURNING attackers`,
    )
    .pluck();
  const oldest = database.prepare<unknown[], { id: number; attacker: string }>(
    `SELECT id, attacker FROM attackers WHERE org = ?
     ORDER BY last_seen, attacker LIMIT ?`,
  );
  const forget = database.prepare("DELETE FROM attackers WHERE id = ?");
  const forgetHosts = database.prepare(
    "DELETE FROM attacker_hosts WHERE attacker = ?",
  );
  const sumUp = database.prepare(SUM_UP);
  const forgetUnseen = database.prepare(
    "DELETE FROM attackers WHERE attacker = ? AND org = '' AND orgs = 0",
  );
  return (org: string, more: number): void => {
    const over = (count.get(org, more) ?? 0) - MOST_OF_AN_ORG;
    if (over <= 0) return;
    for (const { id, attacker } of oldest.all(org, over)) {
      forget.run(id);
      forgetHosts.run(id);
      sumUp.run({ attacker });
      forgetUnseen.run(attacker);
    }
    count.get(org, -over);
  };
}

/** What is left of an attacker, once an org's row of them is gone. */
const SUM_UP = `
  UPDATE attackers SET (failures, packets, observed, hosts, orgs, first_seen,
      last_seen) = (
    SELECT ${["failures", "packets", "observed"]
      .map((each) => `min(total(${each}), ${Number.MAX_SAFE_INTEGER})`)
      .map((each) => `CAST(${each} AS INTEGER)`)
      .join(", ")},
      coalesce(sum(hosts), 0), count(*), coalesce(min(first_seen), 0),
      coalesce(max(last_seen), 0)
    FROM attackers WHERE attacker = @attacker AND org <> '')
  WHERE attacker = @attacker AND org = ''`;
