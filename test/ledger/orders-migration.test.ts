import { expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import { migrations } from "../../agent/ledger/migrations/migrations.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { sensed } from "../../agent/ledger/migrations/013-sensed.js";
import {
  ban,
  LedgerFolder,
  NOW,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";

/** What 009 and later add, taken away again: a ledger of the version before it. */
const UNDO = `
  DROP TABLE tree_heads;
  DROP TABLE tree_forks;
  DROP INDEX revisions_by_feed;
  DROP INDEX unconfirmed_bans;
  DROP TABLE past;
  ALTER TABLE orders DROP COLUMN outcome;
  DELETE FROM meta WHERE key LIKE 'rollback_%';
  ${[
    "decision",
    "feed",
    "reason",
    "issued",
    "ops",
    "banned",
    "observed",
    "lifted",
    "held",
  ]
    .map((column) => `ALTER TABLE revisions DROP COLUMN ${column};`)
    .join("\n")}
  DROP TABLE policies;
  DROP INDEX waiting_bans;
  ALTER TABLE bans DROP COLUMN ring_at;
  ALTER TABLE bans DROP COLUMN by_sensor;
  DROP INDEX allowed_bans;
  PRAGMA user_version = 8;`;

it("what an earlier version recorded can be listed and taken back, by its revisions", () => {
  using folder = new LedgerFolder();
  let ledger = folder.open();
  recordNext(ledger, "urgent", [ban("192.0.2.1")]);
  recordNext(ledger, "org/acme", [ban("192.0.2.2"), ban("192.0.2.3")]);
  ledger.overrides.note({ at: NOW, who: "uid 0", what: "observe" });
  folder.close();
  const sqlite = new Sqlite(folder.path);
  sqlite.exec(UNDO);
  sqlite.close();
  expect(migrations.map(({ id }) => id)).toEqual(
    migrations.map((_, i) => i + 1),
  );

  ledger = folder.open();
  expect(ledger.overrides.history(9)).toMatchObject([
    { id: 2, last: 2, feed: "org/acme", banned: 2, changed: 2, reason: "" },
    { id: 1, last: 1, feed: "urgent", banned: 1, changed: 1 },
  ]);
  expect(ledger.overrides.orders(1)).toMatchObject([{ outcome: null }]);
  const { last = -1 } = ledger.overrides.reach();
  const terms = { now: NOW, until: NOW + 60, guardedBy: () => undefined };
  ledger.overrides.rollBack({ revision: last, ...terms });
  expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
});

it("what sensors of an earlier version banned is known as theirs", () => {
  using folder = new LedgerFolder();
  let ledger = folder.open();
  const reason = "sshd: too many failed logins on this host";
  const copied = "probe: too many failed logins on this host";
  ledger.recordLocal(
    [
      { ...ban("192.0.2.1"), reason },
      { ...ban("192.0.2.2"), reason: copied },
    ],
    NOW,
  );
  recordNext(ledger, "urgent", [{ ...ban("192.0.2.3"), reason }]);
  folder.close();
  const sqlite = new Sqlite(folder.path);
  sqlite.exec(`
    ALTER TABLE bans DROP COLUMN by_sensor;
    DROP INDEX allowed_bans;
    PRAGMA user_version = ${sensed.id - 1};`);
  sqlite.close();

  ledger = folder.open();
  const found = ledger.list({ limit: 9 }, NOW);
  expect(
    found.map(({ cidr, bySensor }) => [formatCidr(cidr), bySensor]),
  ).toEqual([
    ["192.0.2.1", true],
    ["192.0.2.2", false],
    ["192.0.2.3", false],
  ]);
});

it("looks for them among this host's own bans alone", () => {
  using folder = new LedgerFolder();
  folder.open();
  folder.close();
  const sqlite = new Sqlite(folder.path);
  const ran: string[] = [];
  sqlite.exec("ALTER TABLE bans DROP COLUMN by_sensor");
  sensed.up({ exec: (sql) => ran.push(...sql.split(";")) });
  const [add = "", mark = ""] = ran;
  sqlite.exec(add);
  const plan = sqlite.prepare(`EXPLAIN QUERY PLAN ${mark}`).all();
  sqlite.close();
  expect(JSON.stringify(plan)).toContain(
    "SEARCH bans USING PRIMARY KEY (copy=?)",
  );
});
