import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import type { Ledger } from "../../agent/ledger/ledger.js";
import type { Guard } from "../../agent/ledger/review.js";
import {
  adoptNext,
  ban,
  LedgerFolder,
  NOW,
  recordNext,
  rulesetOf,
  tellChange,
} from "../support/agent/ledger.js";

describe("reviewing again", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  const review = (guard: Guard, limit = 2) => {
    let slices = 1;
    while (ledger.reviewAgain(guard, limit, NOW)) slices++;
    return slices;
  };
  const changesSince = (revision: number) =>
    [...ledger.changesSince(revision, 100, () => NOW)].map(tellChange);

  it("holds what a stricter guard stops, and tells the kernel", () => {
    recordNext(ledger, "urgent", [ban("10.0.0.0/12"), ban("192.0.2.1")]);
    recordNext(ledger, "org/acme", [ban("10.0.0.0/12")]);
    const before = ledger.revision();
    review(widerThan(16));
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
    expect(changesSince(before)).toEqual([
      `@${ledger.revision()} -10.0.0.0/12`,
    ]);
    expect(ledger.counts().map(({ held }) => held)).toEqual([1, 1]);
  });

  it("releases what a laxer one would not", () => {
    const held = ban("10.0.0.0/12", 3600, { held: "too-wide" });
    adoptNext(ledger, "urgent", [held, ban("192.0.2.1")]);
    review(widerThan(8));
    expect(rulesetOf(ledger)).toEqual(["10.0.0.0/12 3600", "192.0.2.1 3600"]);
    expect(ledger.counts()).toEqual([
      { feed: "urgent", bans: 2, held: 0, observed: 0 },
    ]);
  });

  it("goes through all of it in slices, once for each guard", () => {
    const bans = Array.from({ length: 9 }, (_, n) => ban(`192.0.2.${n}`));
    recordNext(ledger, "urgent", bans);
    expect(review(widerThan(16))).toBe(5);
    expect(review(widerThan(16))).toBe(1);
    expect(review(widerThan(12))).toBe(5);
  });

  it("goes on anew after a restart in the middle", () => {
    const bans = ["10.0.0.0/12", "10.16.0.0/12", "10.32.0.0/12"];
    recordNext(
      ledger,
      "urgent",
      bans.map((range) => ban(range)),
    );
    expect(ledger.reviewAgain(widerThan(16), 1, NOW)).toBe(true);
    ledger = folder.open();
    review(widerThan(16));
    expect(rulesetOf(ledger)).toEqual([]);
  });

  it("counts an observed ban among the held ones only while it is held", () => {
    recordNext(ledger, "urgent", [
      ban("10.0.0.0/12", 60, { observed: true }),
      ban("192.0.2.1"),
    ]);
    const counted = () => ledger.counts()[0];
    review(widerThan(16));
    expect(counted()).toMatchObject({ bans: 2, held: 1, observed: 0 });
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
    review(widerThan(8));
    expect(counted()).toMatchObject({ bans: 2, held: 0, observed: 1 });
    expect(rulesetOf(ledger)).toEqual([
      "10.0.0.0/12 60 observed",
      "192.0.2.1 3600",
    ]);
  });

  it("waits for a snapshot on its way in, and sees that one too", () => {
    recordNext(ledger, "urgent", [ban("10.0.0.0/12"), ban("192.0.2.1")]);
    expect(ledger.reviewAgain(widerThan(16), 1, NOW)).toBe(true);
    const staging = ledger.stage("reputation");
    staging.add([ban("10.16.0.0/12")], NOW);
    expect(ledger.reviewAgain(widerThan(16), 1, NOW)).toBe(false);
    staging.adopt({ ...ledger.position("urgent")!, feed: "reputation" }, NOW);
    review(widerThan(16));
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
  });
});

describe("following only some feeds", () => {
  it("retires the others, bans, position and all", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2", 60)]);
    recordNext(ledger, "org/acme", [ban("192.0.2.2"), ban("192.0.2.3")]);
    ledger.followOnly(["urgent", "org/globex", "local"], NOW);

    expect(ledger.positions().map(({ feed }) => feed)).toEqual(["urgent"]);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600", "192.0.2.2 60"]);
    const changes = [...ledger.changesSince(2, 100, () => NOW)];
    expect(changes.map(tellChange)).toEqual(["@3 +192.0.2.2 60 -192.0.2.3"]);
  });

  it("has a kernel rebuilt that would have too much to hear", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const many = Array.from({ length: 10_001 }, (_, n) =>
      ban(`10.0.${n >> 8}.${n & 255}`),
    );
    adoptNext(ledger, "org/acme", many);
    ledger.followOnly(["urgent"], NOW);
    const changes = [...ledger.changesSince(1, 100, () => NOW)];
    expect(changes).toEqual(["rebuild"]);
    expect(rulesetOf(ledger)).toEqual([]);
  });

  it("can be gone back over where what was left is of a group of its org", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const kept = ["urgent", "org/acme", "local"] as const;
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    recordNext(ledger, "org/acme/web", [ban("192.0.2.1"), ban("192.0.2.2")]);
    recordNext(ledger, "org/acme/web", [ban("192.0.2.3")]);
    ledger.followOnly(kept, NOW);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);

    const guardedBy = () => undefined;
    const terms = { now: NOW, until: NOW + 3600, guardedBy };
    ledger.overrides.rollBack({ revision: 2, ...terms });
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600", "192.0.2.2 3600"]);
    ledger.overrides.rollBack({ revision: 1, ...terms });
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
  });

  it("can't be gone back over where it was another org's, or is too much", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const terms = { now: NOW, until: NOW + 3600, guardedBy: () => undefined };
    const many = Array.from({ length: 10_001 }, (_, n) =>
      ban(`10.0.${n >> 8}.${n & 255}`),
    );
    recordNext(ledger, "org/globex/web", [ban("192.0.2.1")]);
    ledger.followOnly(["org/acme"], NOW);
    expect(() => ledger.overrides.rollBack({ revision: 1, ...terms })).toThrow(
      "can't be gone back to",
    );
    adoptNext(ledger, "org/acme/web", many);
    const revision = ledger.revision();
    ledger.followOnly(["org/acme"], NOW);
    expect(() => ledger.overrides.rollBack({ revision, ...terms })).toThrow(
      "can't be gone back to",
    );
  });

  it("changes nothing where there are no others", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    ledger.followOnly(["urgent"], NOW);
    expect(ledger.revision()).toBe(1);
  });
});

describe("a feed's newest outcome", () => {
  it("is kept, however many of others followed", () => {
    using folder = new LedgerFolder();
    const before = folder.open();
    recordNext(before, "reputation", []);
    recordNext(before, "reputation", [ban("192.0.2.1"), ban("192.0.2.2")]);
    countOn(folder, 20_000);
    const ledger = folder.open();
    for (const _ of [1, 2, 3]) recordNext(ledger, "urgent", []);

    expect(ledger.newestOutcome("reputation")).toMatchObject({ banned: 2 });
    expect(ledger.newestOutcome("urgent")?.position.offset).toBe(3);
    expect(ledger.newestOutcome("local")).toBeUndefined();
    expect(ledger.outcomes(9)).toHaveLength(4);
  });
});

/** As if so many outcomes had been recorded. */
function countOn(folder: LedgerFolder, outcomes: number): void {
  folder.close();
  const sqlite = new Sqlite(folder.path);
  sqlite
    .prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'outcomes'")
    .run(outcomes);
  sqlite.close();
}

/** A guard that holds whatever is wider than this, and has no other digest. */
const widerThan = (shortest: number): Guard => ({
  digest: shortest,
  holdingRule: ({ cidr }) => (cidr.prefix < shortest ? "too-wide" : undefined),
});
