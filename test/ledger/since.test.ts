import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { bans } from "../../agent/ledger/migrations/001-bans.js";
import { observed } from "../../agent/ledger/migrations/002-observed.js";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import {
  adoptNext,
  ban,
  LedgerFolder,
  lift,
  NOW,
  recordNext,
} from "../support/agent/ledger.js";

describe("since when a feed bans a range", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  const since = (range: string, now = NOW) => {
    const [found] = ledger.bansOn(parseCidr(range), now);
    return found?.recordedAt && found.recordedAt - NOW;
  };

  it("is kept through every ban that takes the place of a running one", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1", 60)], NOW + 1);
    recordNext(ledger, "urgent", [ban("192.0.2.1", 600)], NOW + 30);
    expect(since("192.0.2.1", NOW + 31)).toBe(1);
    const watched = ban("192.0.2.1", 600, { observed: true });
    recordNext(ledger, "urgent", [watched], NOW + 40);
    expect(since("192.0.2.1", NOW + 41)).toBe(1);
  });

  it("begins anew after a lift, and where the ban had run out", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1", 60)], NOW + 1);
    const again = [lift("192.0.2.1"), ban("192.0.2.1", 600)];
    recordNext(ledger, "urgent", again, NOW + 30);
    expect(since("192.0.2.1", NOW + 31)).toBe(30);
    recordNext(ledger, "urgent", [ban("192.0.2.2", 60)], NOW + 1);
    recordNext(ledger, "urgent", [ban("192.0.2.2", 600)], NOW + 61);
    expect(since("192.0.2.2", NOW + 62)).toBe(61);
  });

  it("is kept through a snapshot, by each feed for itself", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1")], NOW + 1);
    recordNext(ledger, "reputation", [ban("192.0.2.2")], NOW + 2);
    const both = [ban("192.0.2.1"), ban("192.0.2.2")];
    adoptNext(ledger, "urgent", both, NOW + 50);
    adoptNext(ledger, "urgent", both, NOW + 60);
    expect(since("192.0.2.1", NOW + 70)).toBe(1);
    const found = ledger.bansOn(parseCidr("192.0.2.2"), NOW + 70);
    const told = found.map(({ feed, recordedAt = 0 }) => [
      feed,
      recordedAt - NOW,
    ]);
    expect(told).toEqual([
      ["reputation", 2],
      ["urgent", 50],
    ]);
  });

  it("is unknown for what an earlier version recorded", () => {
    folder.close();
    rmSync(folder.path);
    writeSecondFormat(folder.path);
    ledger = folder.open();
    expect(ledger.bansOn(parseCidr("192.0.2.1"), NOW)).toMatchObject([
      { recordedAt: undefined, reason: "scanning" },
    ]);
    recordNext(ledger, "urgent", [ban("192.0.2.1", 90)], NOW);
    expect(since("192.0.2.1")).toBeUndefined();
  });
});

describe("looking for bans within a range", () => {
  it("finds what lies in it, feed by feed, and no more than asked", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    recordNext(ledger, "urgent", [
      ...["192.0.2.0/24", "192.0.2.0", "192.0.2.128/25", "192.0.3.0"].map(
        (range) => ban(range),
      ),
      // Between these addresses as bytes.
      ban("c000:210::/64"),
      ban("192.0.2.9", 10),
    ]);
    recordNext(ledger, "reputation", [ban("192.0.2.255")]);
    const within = (range: string, limit = 9) =>
      ledger
        .bansWithin(parseCidr(range), NOW + 20, limit)
        .map(({ feed, cidr }) => `${feed} ${formatCidr(cidr)}`);
    expect(within("192.0.2.0/24")).toEqual([
      "reputation 192.0.2.255",
      "urgent 192.0.2.0",
      "urgent 192.0.2.128/25",
    ]);
    expect(within("192.0.2.0/23", 2)).toHaveLength(2);
    expect(within("192.0.2.0")).toEqual([]);
    expect(within("c000::/16")).toEqual(["urgent c000:210::/64"]);
    expect(within("0.0.0.0/0")).toHaveLength(5);
  });
});

/** As the version before left it, with one ban. */
function writeSecondFormat(path: string): void {
  const { address, prefix } = parseCidr("192.0.2.1");
  const sqlite = new Sqlite(path);
  sqlite.pragma("application_id = 0x74716e74");
  bans.up(sqlite);
  observed.up(sqlite);
  sqlite.pragma("user_version = 2");
  sqlite.exec(`INSERT INTO copies VALUES (1, 'urgent', 'current', 1, 0, 0);
    INSERT INTO reasons VALUES (1, 'scanning')`);
  const put = sqlite.prepare(
    "INSERT INTO bans VALUES (1, ?, ?, ?, 1, NULL, 0)",
  );
  put.run(address, prefix, NOW + 60);
  sqlite.close();
}
