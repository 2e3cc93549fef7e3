import { expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import { migrations } from "../../agent/ledger/migrations/migrations.js";
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
