import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import type { Ledger } from "../../agent/ledger/ledger.js";
import {
  adoptNext,
  ban,
  LedgerFolder,
  NOW,
  positionOf,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";

describe("purging", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  const purge = (now = NOW, limit = 2) => {
    while (ledger.purge(now, limit));
  };

  /** What is left in the file, once the ledger has let go of it. */
  const left = () => {
    folder.close();
    const sqlite = new Sqlite(folder.path);
    const column = (sql: string) => sqlite.prepare(sql).pluck().all();
    const found = {
      bans: column("SELECT count(*) FROM bans"),
      copies: column("SELECT state FROM copies"),
      reasons: column("SELECT text FROM reasons ORDER BY text"),
    };
    sqlite.close();
    return found;
  };

  it("takes out what ran out, and nothing else", () => {
    recordNext(ledger, "urgent", [
      ban("192.0.2.1", 60),
      ban("192.0.2.2", 60, { held: "wide" }),
      ban("192.0.2.3", 61),
    ]);
    recordNext(ledger, "reputation", [ban("192.0.2.1", 90)]);

    purge(NOW + 60);

    expect(ledger.counts()).toEqual([
      { feed: "reputation", bans: 1, held: 0, observed: 0 },
      { feed: "urgent", bans: 1, held: 0, observed: 0 },
    ]);
    expect(rulesetOf(ledger, NOW + 60)).toEqual([
      "192.0.2.1 90",
      "192.0.2.3 61",
    ]);
  });

  it("takes out what a snapshot replaced, and one that was never adopted", () => {
    const range = (i: number) => ban(`192.0.2.${i}`);
    adoptNext(ledger, "reputation", [1, 2, 3, 4, 5].map(range));
    adoptNext(ledger, "reputation", [1, 2, 3].map(range));
    ledger.stage("reputation").add([7, 8, 9].map(range), NOW);
    ledger = folder.open();

    purge();

    expect(left()).toMatchObject({ bans: [3], copies: ["current"] });
  });

  it("leaves a snapshot alone that is being loaded", () => {
    const staging = ledger.stage("reputation");
    staging.add([ban("192.0.2.1", 60), ban("192.0.2.2")], NOW);
    purge(NOW + 60);
    staging.adopt(positionOf("reputation", 1), NOW + 60);
    expect(rulesetOf(ledger, NOW + 60)).toEqual(["192.0.2.2 3600"]);
    expect(ledger.counts()).toEqual([
      { feed: "reputation", bans: 1, held: 0, observed: 0 },
    ]);
  });

  it("forgets reasons that nobody gives any more", () => {
    const because = (range: string, reason: string) =>
      ban(range, 3600, { reason });
    recordNext(ledger, "urgent", [
      because("192.0.2.1", "a"),
      because("192.0.2.2", "b"),
      because("192.0.2.3", "c"),
    ]);
    recordNext(ledger, "urgent", [
      because("192.0.2.2", "d"),
      because("192.0.2.1", "d"),
    ]);

    expect(ledger.purge(NOW, 1)).toBe(true);
    expect(ledger.purge(NOW, 1)).toBe(true);
    // Given again behind the walk's back: must stay.
    recordNext(ledger, "reputation", [because("192.0.2.9", "a")]);
    purge(NOW, 1);

    expect(left().reasons).toEqual(["a", "c", "d"]);
  });

  it("does one slice at a time, and starts over when done", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1", 60), ban("192.0.2.2", 60)]);
    purge();
    expect(ledger.purge(NOW + 60, 1)).toBe(true);
    purge(NOW + 60, 1);
    expect(ledger.counts()).toEqual([
      { feed: "urgent", bans: 0, held: 0, observed: 0 },
    ]);
  });
});
