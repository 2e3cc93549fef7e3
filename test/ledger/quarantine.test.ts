import {
  existsSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import {
  LedgerFromTheFuture,
  LedgerLocked,
} from "../../agent/ledger/damage.js";
import { openLedgerOrQuarantine } from "../../agent/ledger/quarantine.js";
import {
  ban,
  LedgerFolder,
  NOW,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";

describe("opening or quarantining a ledger", () => {
  let folder: LedgerFolder;

  beforeEach(() => {
    folder = new LedgerFolder();
  });
  afterEach(() => folder[Symbol.dispose]());

  const openAt = (seconds: number) =>
    openLedgerOrQuarantine(folder.path, { now: () => seconds * 1000 });
  const isThere = () => existsSync(join(folder.folder, "quarantine"));

  it("opens a sound ledger as it is", () => {
    recordNext(folder.open(), "urgent", [ban("192.0.2.1")]);
    folder.close();

    const { ledger, quarantined } = openAt(NOW);
    using _ = ledger;

    expect(quarantined).toBeUndefined();
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
    expect(isThere()).toBe(false);
  });

  it("puts a corrupt one aside, and starts afresh", () => {
    const { id } = folder.open();
    folder.close();
    writeFileSync(folder.path, "not a ledger");

    const { ledger, quarantined } = openAt(NOW);
    using _ = ledger;

    expect(quarantined?.why.name).toBe("LedgerCorrupt");
    const aside = quarantined?.folder ?? "";
    expect(aside).toBe(
      join(folder.folder, "quarantine", "2027-01-15T08-00-00.000Z"),
    );
    expect(readFileSync(join(aside, "ledger.db"), "utf8")).toBe("not a ledger");
    expect(ledger.revision()).toBe(0);
    expect(ledger.id).not.toBe(id);
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
  });

  it("puts a log aside whose ledger is gone, lest it be replayed", () => {
    writeFileSync(`${folder.path}-wal`, "left behind");

    const { ledger, quarantined } = openAt(NOW);
    using _ = ledger;

    expect(readdirSync(quarantined?.folder ?? "")).toEqual(["ledger.db-wal"]);
    expect(ledger.revision()).toBe(0);
  });

  it("keeps the newest two", () => {
    for (const later of [0, 1, 2]) {
      folder.open();
      folder.close();
      truncateSync(folder.path, 0);
      openAt(NOW + later).ledger[Symbol.dispose]();
    }
    expect(readdirSync(join(folder.folder, "quarantine"))).toEqual([
      "2027-01-15T08-00-01.000Z",
      "2027-01-15T08-00-02.000Z",
    ]);
  });

  it("leaves a ledger that is locked, or from the future, where it is", () => {
    folder.open();
    expect(() => openAt(NOW)).toThrow(LedgerLocked);
    folder.close();

    const sqlite = new Sqlite(folder.path);
    sqlite.pragma("user_version = 99");
    sqlite.close();
    expect(() => openAt(NOW)).toThrow(LedgerFromTheFuture);

    expect(isThere()).toBe(false);
  });
});
