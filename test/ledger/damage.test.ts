import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import {
  LedgerCorrupt,
  LedgerDamage,
  LedgerFromTheFuture,
  LedgerFull,
  LedgerLocked,
  LedgerUnusable,
} from "../../agent/ledger/damage.js";
import { openLedgerFile } from "../../agent/ledger/database.js";
import { Ledger } from "../../agent/ledger/ledger.js";
import {
  adoptNext,
  ban,
  LedgerFolder,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";

describe("the ledger's file", () => {
  let folder: LedgerFolder;

  beforeEach(() => {
    folder = new LedgerFolder();
  });
  afterEach(() => folder[Symbol.dispose]());

  /** A ledger of some hundred pages, closed in good order. */
  const fill = () => {
    const ledger = folder.open();
    recordNext(ledger, "urgent", manyBans(10_000));
    folder.close();
  };

  const overwrite = (at: number, bytes: number) => {
    const file = openSync(folder.path, "r+");
    writeSync(file, new Uint8Array(bytes), 0, bytes, at);
    closeSync(file);
  };

  const alter = (sql: string) => {
    const sqlite = new Sqlite(folder.path);
    sqlite.exec(sql);
    sqlite.close();
  };

  it("is the owner's alone, and so is its log", () => {
    recordNext(folder.open(), "urgent", [ban("192.0.2.1")]);
    const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(modeOf(folder.path)).toBe("600");
    expect(modeOf(`${folder.path}-wal`)).toBe("600");
    expect(existsSync(`${folder.path}-shm`)).toBe(false);

    folder.close();
    chmodSync(folder.path, 0o644);
    folder.open();
    expect(modeOf(folder.path)).toBe("600");
  });

  it.each([
    ["application_id", 0x74716e74],
    ["journal_mode", "wal"],
    ["locking_mode", "exclusive"],
    ["synchronous", 2],
    ["foreign_keys", 1],
    ["trusted_schema", 0],
    ["cell_size_check", 1],
  ])("is opened with %s %s", (pragma, value) => {
    const db = openLedgerFile(folder.path);
    expect(db.prepare(`PRAGMA ${pragma}`).pluck().get()).toBe(value);
    db.close();
  });

  it("is held by one process at a time", () => {
    const ledger = folder.open();

    expect(() => Ledger.open(folder.path)).toThrow(LedgerLocked);

    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
  });

  it.each<[string, () => void]>([
    ["with a zeroed header", () => overwrite(0, 100)],
    ["with its first page zeroed", () => overwrite(0, 4096)],
    ["with a zeroed page", () => overwrite(4096 * 20, 4096)],
    ["cut off in the middle", () => truncateSync(folder.path, 4096 * 30)],
    ["cut off inside a page", () => truncateSync(folder.path, 4096 * 30 + 99)],
    ["emptied", () => truncateSync(folder.path, 0)],
    ["that is not a database", () => writeFileSync(folder.path, "bans\n")],
    ["that forgot who it is", () => alter("DELETE FROM meta")],
    [
      "that vanished beside its log",
      () => {
        writeFileSync(`${folder.path}-wal`, "left behind");
        rmSync(folder.path);
      },
    ],
  ])("%s is corrupt, and is not touched", (_, damage) => {
    fill();
    damage();
    const before = bytesOf(folder.path);

    expect(() => folder.open()).toThrow(LedgerCorrupt);

    expect(bytesOf(folder.path)).toEqual(before);
  });

  it("is refused when a later version wrote it", () => {
    fill();
    alter("PRAGMA user_version = 99");
    expect(() => folder.open()).toThrow(LedgerFromTheFuture);
  });

  it.each<[string, () => void]>([
    ["a database of something else", () => alter("PRAGMA application_id = 7")],
    ["a folder", () => mkdirSync(folder.path)],
    [
      "a symbolic link",
      () => {
        writeFileSync(`${folder.path}.real`, "");
        symlinkSync(`${folder.path}.real`, folder.path);
      },
    ],
    [
      "a file with a second name",
      () => {
        fill();
        linkSync(folder.path, `${folder.path}.too`);
      },
    ],
    [
      "in a folder that isn't there",
      () => rmSync(folder.folder, { recursive: true }),
    ],
  ])("is refused when it is %s", (_, arrange) => {
    arrange();
    expect(() => folder.open()).toThrow(LedgerUnusable);
  });

  it("says where it lies and what is wrong in one line", () => {
    writeFileSync(folder.path, "");
    expect(() => folder.open()).toThrow(
      `the ledger ${folder.path} was emptied`,
    );
    expect(new LedgerFull("/x", "is full")).toBeInstanceOf(LedgerDamage);
  });

  it("is made anew after a crash in the middle of its making", () => {
    writeFileSync(`${folder.path}.new`, "half a");
    writeFileSync(`${folder.path}.new-wal`, "ledger");
    expect(folder.open().revision()).toBe(0);
    expect(existsSync(`${folder.path}.new`)).toBe(false);
  });

  it("is opened after a crash right at the end of its making", () => {
    const { id } = folder.open();
    folder.close();
    linkSync(folder.path, `${folder.path}.new`);
    expect(folder.open().id).toBe(id);
  });

  describe("without room to grow", () => {
    const mostBytes = 400 * 1024;

    it("records nothing of a segment, goes on being read, and takes smaller ones", () => {
      const ledger = folder.open({ mostBytes });
      recordNext(ledger, "urgent", [ban("192.0.2.1")]);

      expect(() => recordNext(ledger, "urgent", manyBans(50_000))).toThrow(
        LedgerFull,
      );

      expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
      expect(ledger.revision()).toBe(1);
      expect(ledger.position("urgent")?.offset).toBe(1);
      recordNext(ledger, "urgent", [ban("192.0.2.2")]);
      expect(rulesetOf(folder.open({ mostBytes }))).toHaveLength(2);
    });

    it("keeps the copy in force when a snapshot doesn't fit", () => {
      const ledger = folder.open({ mostBytes });
      adoptNext(ledger, "urgent", [ban("192.0.2.1")]);
      expect(() => adoptNext(ledger, "urgent", manyBans(50_000))).toThrow(
        LedgerFull,
      );
      expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
    });
  });
});

const manyBans = (count: number) =>
  Array.from({ length: count }, (_, i) => ban(`10.0.${i >> 8}.${i & 255}`));

const bytesOf = (path: string) =>
  existsSync(path) ? readFileSync(path).toString("latin1") : undefined;
