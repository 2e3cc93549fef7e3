import type { OwnOp } from "../model/reviewed.js";
import { compareCidrs, formatCidr } from "../model/cidr.js";
import { ForeignFile } from "../sqlite/database.js";
import { openLedgerFile, type Database } from "./database.js";
import { Ledger } from "./ledger.js";
import { cidrOfRow, type RangeRow } from "./rows.js";
import { ROLLED_BACK } from "./withheld.js";

/** What became of a copy that takes the place of a ledger. */
export interface TakenOver {
  /** It lacks nothing that feeds had brought, and the kernel may be made equal to it. */
  readonly complete: boolean;
  /** What could not be read of the other ledger, in the words of its tables. */
  readonly unread: readonly string[];
}

/**
 * Brings an earlier copy of a ledger up to what must not go back: what critical keys
 * and customers signed, how far the cloud's log was seen, and all that this host's
 * operator has ordered, its own bans included. `newer` may be of a later version, or
 * unreadable: what it cannot tell stays as the copy has it.
 *
 * Unless feeds stand in both where they stood, the copy becomes another ledger: the
 * kernel keeps what it holds until that one has caught up with the cloud. May be done
 * again, however it ended. `now` is in Unix seconds.
 * @throws LedgerDamage when the copy itself cannot be used
 */
export function takeOver(
  copy: string,
  newer: string,
  now: number,
  mostBytes?: number,
): TakenOver {
  using from = ForeignFile.open(newer);
  const unread: string[] = [];
  const source: Source = {
    isSame: from !== undefined && idOf(from) === idOfCopy(copy),
    rows: (what, sql) => {
      const rows = from?.rows(sql);
      if (rows === undefined) unread.push(what);
      return rows;
    },
  };
  takeOwnBans(copy, source, now, mostBytes);
  const db = openLedgerFile(copy, mostBytes);
  try {
    const complete = db.transaction(() => {
      for (const take of [takeSigned, takeSeen, takeOrders, takeMode]) {
        take(db, source);
      }
      holdWithheld(db);
      return relabel(db, source);
    });
    return { complete, unread };
  } finally {
    db.close();
  }
}

interface Source {
  /** Of the same ledger: what it does not have any more was taken back. */
  readonly isSame: boolean;
  /** Undefined, and noted as unread, where it cannot be told. */
  rows(what: string, sql: string): readonly unknown[] | undefined;
}

type Rows<Row> = readonly Row[] | undefined;

const idOf = (file: ForeignFile): number | undefined =>
  (
    file.rows(
      "SELECT key, value FROM meta WHERE key = 'ledger'",
    ) as Rows<MetaRow>
  )?.[0]?.value;

function idOfCopy(path: string): number | undefined {
  using file = ForeignFile.open(path);
  return file && idOf(file);
}

function takeOwnBans(
  copy: string,
  source: Source,
  now: number,
  mostBytes: number | undefined,
): void {
  const rows = source.rows("own bans", OWN_BANS) as Rows<OwnRow>;
  if (rows === undefined) return;
  using ledger = Ledger.open(
    copy,
    mostBytes === undefined ? {} : { mostBytes },
  );
  const kept = new Map(
    rows
      .filter((row) => row.expires_at > now)
      .map((row) => [formatCidr(cidrOfRow(row)), row]),
  );
  const had = ledger.list({ feed: "local", limit: MOST_OWN }, now);
  const gone = source.isSame
    ? had.filter(({ cidr }) => !kept.has(formatCidr(cidr)))
    : [];
  const come = [...kept.values()].filter((row) => {
    const cidr = cidrOfRow(row);
    const before = had.find((ban) => compareCidrs(ban.cidr, cidr) === 0);
    return before?.expiresAt !== row.expires_at;
  });
  const ops: readonly OwnOp[] = [
    ...gone.map(({ cidr }) => ({ op: "lift" as const, cidr })),
    ...come.map((row) => ({
      ...{ cidr: cidrOfRow(row), expiresAt: row.expires_at },
      ...{ reason: row.reason ?? "", observed: row.observed === 1 },
      bySensor: row.by_sensor === 1,
    })),
  ];
  for (let at = 0; at < ops.length; at += AT_ONCE) {
    ledger.recordLocal(ops.slice(at, at + AT_ONCE), now);
  }
}

interface OwnRow extends RangeRow {
  readonly expires_at: number;
  readonly observed: number;
  readonly by_sensor: number;
  readonly reason: string | null;
}

const OWN_BANS = `
  SELECT addr, prefix, expires_at, bans.observed, by_sensor, reasons.text AS reason
  FROM bans JOIN copies ON copies.id = bans.copy
    LEFT JOIN reasons ON reasons.id = bans.reason
  WHERE copies.feed = 'local' AND copies.state = 'current' AND bans.held IS NULL`;

/** More than a host has of its own. */
const MOST_OWN = 1_000_000;
const AT_ONCE = 500;

/** What others signed: of each the newer one. */
function takeSigned(db: Database, source: Source): void {
  const put = db.prepare(
    `INSERT INTO approvals VALUES (:feed, :version, :signed)
     ON CONFLICT (feed) DO UPDATE SET version = excluded.version, signed = excluded.signed
       WHERE excluded.version > approvals.version`,
  );
  const approvals = source.rows(
    "approvals",
    "SELECT feed, version, signed FROM approvals",
  );
  for (const row of approvals ?? []) put.run(row);
  const putPolicy = db.prepare(
    `INSERT INTO policies
       VALUES (:org, :version, :signed, :least_issued_at, :least_allowed_at)
     ON CONFLICT (org) DO UPDATE SET version = excluded.version,
         signed = excluded.signed, least_issued_at = excluded.least_issued_at,
         least_allowed_at = excluded.least_allowed_at
       WHERE excluded.version >= policies.version
         AND excluded.least_issued_at >= policies.least_issued_at`,
  );
  const policies = source.rows(
    "policies",
    "SELECT org, version, signed, least_issued_at, least_allowed_at FROM policies",
  );
  for (const row of policies ?? []) putPolicy.run(row);
}

/** How far the cloud's log was seen: to forget it would let it contradict itself. */
function takeSeen(db: Database, source: Source): void {
  const put = db.prepare(
    `INSERT INTO tree_heads
       VALUES (:origin, :size, :root, :time, :checkpoint, :begun, :good)
     ON CONFLICT (origin) DO UPDATE SET size = excluded.size,
         root = excluded.root, time = excluded.time,
         checkpoint = excluded.checkpoint, good = excluded.good
       WHERE excluded.size >= tree_heads.size`,
  );
  const heads = source.rows(
    "tree_heads",
    "SELECT origin, size, root, time, checkpoint, begun, good FROM tree_heads",
  );
  for (const row of heads ?? []) put.run(row);
  const fork = db.prepare(
    "INSERT OR IGNORE INTO tree_forks VALUES (:origin, :what, :checkpoint, :at)",
  );
  const forks = source.rows(
    "tree_forks",
    "SELECT origin, what, checkpoint, at FROM tree_forks",
  );
  for (const row of forks ?? []) fork.run(row);
}

/** What this host's operator released, withheld, and said. */
function takeOrders(db: Database, source: Source): void {
  for (const [table, columns] of OVERRIDES) {
    const rows = source.rows(
      table,
      `SELECT ${columns.join(", ")} FROM ${table}`,
    );
    if (rows === undefined) continue;
    if (source.isSame) db.prepare(`DELETE FROM ${table}`).run();
    const values = columns.map((column) => `:${column}`).join(", ");
    const put = db.prepare(
      `INSERT OR REPLACE INTO ${table} (${columns.join(", ")}) VALUES (${values})`,
    );
    for (const row of rows) put.run(row);
  }
}

const OVERRIDES = [
  ["releases", ["addr", "prefix", "since", "until", "reason"]],
  ["withheld", ["addr", "prefix", "rule", "since", "until"]],
  ["orders", ["id", "at", "who", "what", "outcome"]],
] as const;

function takeMode(db: Database, source: Source): void {
  const rows = source.rows(
    "mode",
    "SELECT key, value FROM meta WHERE key IN ('mode', 'paused_until')",
  );
  const put = db.prepare("UPDATE meta SET value = :value WHERE key = :key");
  if (source.isSame) for (const row of rows ?? []) put.run(row);
}

interface MetaRow {
  readonly key: string;
  readonly value: number;
}

/** What was rolled back since the copy was made is held in it as well. */
function holdWithheld(db: Database): void {
  db.prepare(
    `UPDATE bans SET held = '${ROLLED_BACK}'
     WHERE held IS NULL AND (addr, prefix) IN (SELECT addr, prefix FROM withheld)
       AND copy IN (SELECT id FROM copies
         WHERE state = 'current' AND feed != 'local')`,
  ).run();
  const sum = (what: string, where: string) =>
    `ifnull((SELECT ${what} FROM bans WHERE copy = copies.id AND ${where}), 0)`;
  const share = (bytes: number) =>
    sum(
      "sum(pow(2, -prefix))",
      `length(addr) = ${bytes} AND held IS NULL AND observed = 0`,
    );
  db.prepare(
    `UPDATE copies SET held = ${sum("count(*)", "held IS NOT NULL")},
       observed = ${sum("count(*)", "held IS NULL AND observed = 1")},
       space4 = ${share(4)}, space6 = ${share(16)}
     WHERE state = 'current'`,
  ).run();
}

/** Sees to it that the kernel is never taken for equal; whether it may be made so. */
function relabel(db: Database, source: Source): boolean {
  const [newer] =
    (source.rows(
      "revision",
      "SELECT key, value FROM meta WHERE key = 'revision'",
    ) as Rows<MetaRow>) ?? [];
  const complete =
    source.isSame && newer !== undefined && standsAlike(db, source);
  const set = db.prepare("UPDATE meta SET value = ? WHERE key = ?");
  set.run(0, "guard"); // everything is judged again
  if (!complete) {
    db.prepare(
      "UPDATE meta SET value = max(1, random() & 0xffffffff) WHERE key = 'ledger'",
    ).run();
    return false;
  }
  const [ours] = db
    .prepare<MetaRow>("SELECT key, value FROM meta WHERE key = 'revision'")
    .all();
  const revision = 1 + Math.max(ours?.value ?? 0, newer.value);
  set.run(revision, "revision");
  set.run(revision, "replayable_from"); // whatever the kernel holds, it is told all
  return true;
}

/** Whether every feed but this host's own stands in both at the same place. */
function standsAlike(db: Database, source: Source): boolean {
  const ours = db.prepare<Standing>(STANDINGS).all();
  const theirs = (source.rows("feeds", STANDINGS) as Rows<Standing>) ?? [];
  const text = (rows: readonly Standing[]) =>
    rows.map(({ name, epoch, offset }) => `${name} ${epoch} ${offset}`).join();
  return text(ours) === text(theirs);
}

interface Standing {
  readonly name: string;
  readonly epoch: string;
  readonly offset: number;
}

const STANDINGS =
  "SELECT name, epoch, [offset] FROM feeds WHERE name != 'local' ORDER BY name";
