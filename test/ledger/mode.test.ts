import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import { Ledger } from "../../agent/ledger/ledger.js";
import { bans } from "../../agent/ledger/migrations/001-bans.js";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import { LedgerFolder, NOW, rulesetOf } from "../support/agent/ledger.js";
import { TestFolder } from "../support/folder.js";

describe("the host's mode", () => {
  it("is to enforce until it is told otherwise, and survives a restart", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    expect(ledger.mode()).toBe("enforce");
    ledger.setMode("observe");
    expect(ledger.mode()).toBe("observe");
    const again = folder.open();
    expect(again.mode()).toBe("observe");
    again.setMode("enforce");
    expect(folder.open().mode()).toBe("enforce");
  });

  it("changes no ban and no revision", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    ledger.setMode("observe");
    expect(ledger.revision()).toBe(0);
    expect([...ledger.changesSince(0, 9, () => NOW)]).toEqual([]);
  });
});

describe("a ledger from before there were observed bans", () => {
  it("enforces all of them", () => {
    using folder = new TestFolder();
    const path = join(folder.path, "ledger.db");
    writeFirstFormat(path);
    using ledger = Ledger.open(path);
    expect(ledger.mode()).toBe("enforce");
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 60"]);
    const [found] = ledger.list({ limit: 9 }, NOW);
    expect(found && formatCidr(found.cidr)).toBe("192.0.2.1");
    expect(found?.observed).toBe(false);
    expect(ledger.counts()).toEqual([
      { feed: "urgent", bans: 1, held: 0, observed: 0 },
    ]);
  });
});

/** As the first version left it, with one ban. */
function writeFirstFormat(path: string): void {
  const { address, prefix } = parseCidr("192.0.2.1");
  const sqlite = new Sqlite(path);
  sqlite.pragma("application_id = 0x74716e74");
  bans.up(sqlite);
  sqlite.pragma("user_version = 1");
  sqlite.exec(`INSERT INTO copies VALUES (1, 'urgent', 'current', 1, 0);
    INSERT INTO reasons VALUES (1, 'scanning')`);
  const put = sqlite.prepare("INSERT INTO bans VALUES (1, ?, ?, ?, 1, NULL)");
  put.run(address, prefix, NOW + 60);
  sqlite.close();
}
