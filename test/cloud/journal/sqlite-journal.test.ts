import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { NoRoom } from "../../../cloud/disk/room.js";
import type { Worth } from "../../../cloud/disk/worth.js";
import { holdAlone } from "../../../cloud/journal/database.js";
import type { Event } from "../../../cloud/journal/events.js";
import {
  JournalConflict,
  JournalDelayed,
  JournalUnfollowed,
} from "../../../cloud/journal/journal.js";
import { SqliteJournal } from "../../../cloud/journal/sqlite-journal.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";

const decided = (more: { action?: "lift" | "ban" | "import"; by?: string }) =>
  ({
    ...{ kind: "decided", decision: "dec-1", action: "ban", by: "first" },
    ...{ feed: "urgent", ranges: 1, reason: "" },
    ...more,
  }) as const satisfies Event;

const receipt: Event = {
  ...{ kind: "receipt", agent: "agt-1", signed: "{}", signature: "" },
};

const telemetry: Event = {
  ...{ kind: "telemetry", agent: "agt-1", org: "example", spool: "s" },
  ...{ first: 1, items: [] },
};

const segment: Event = {
  ...{ kind: "segment", decision: "dec-1", feed: "urgent", epoch: "e" },
  ...{ first: 1, last: 2, hash: "00", notAfter: 5 },
  bytes: Buffer.from([1, 2, 3]),
};

const org = (id: string): Event => ({ kind: "org-added", org: id, name: id });

describe("the journal", () => {
  it("reads back what was appended, bytes included, in another life", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "journal.db");
    {
      using journal = SqliteJournal.open(path, systemClock);
      expect(journal.append([org("a"), segment])).toBe(2);
    }
    using journal = SqliteJournal.open(path, systemClock);
    expect(journal.last()).toBe(2);
    const [first, second] = journal.read(1, 10);
    expect(first).toMatchObject({ seq: 1, event: org("a") });
    expect(second).toMatchObject({ seq: 2, event: segment });
  });

  it("takes all events of an append or none", () => {
    using folder = temporaryFolder();
    using journal = open(folder.path);
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const unwritable = { ...org("b"), name: circular as never };

    expect(() => journal.append([org("a"), unwritable])).toThrow(TypeError);
    expect(journal.read(1, 10)).toEqual([]);
    expect(journal.append([org("c")])).toBe(1);
  });

  it("refuses whoever decided on an older state", () => {
    using folder = temporaryFolder();
    using journal = open(folder.path);
    journal.append([org("a")]);

    expect(() => journal.append([org("b")], 0)).toThrow(
      new JournalConflict(0, 1),
    );
    expect(journal.last()).toBe(1);
  });

  it("notices that another process appended", () => {
    using folder = temporaryFolder();
    using journal = open(folder.path);
    using other = open(folder.path);
    other.append([org("a")]);

    expect(() => journal.append([org("b")])).toThrow(JournalConflict);
  });

  it("tells subscribers after it is durable, until they leave", () => {
    using folder = temporaryFolder();
    using journal = open(folder.path);
    const heard: number[] = [];
    const subscription = journal.subscribe((news) => {
      for (const { seq } of news) heard.push(seq);
      expect(journal.read(news[0]!.seq, 1)).toHaveLength(1);
    });
    journal.append([org("a"), org("b")]);
    subscription[Symbol.dispose]();
    journal.append([org("c")]);
    expect(heard).toEqual([1, 2]);
  });

  it("tells all others when one fails, and takes nothing more", async () => {
    using folder = temporaryFolder();
    const heard: number[] = [];
    {
      using journal = open(folder.path);
      journal.subscribe(() => {
        throw new Error("database is locked");
      });
      journal.subscribe((news) => heard.push(...news.map(({ seq }) => seq)));
      expect(journal.append([org("a")])).toBe(1);
      expect(heard).toEqual([1]);
      expect((await journal.broken).message).toBe(
        "event 1 is durable, but was not taken in: database is locked",
      );
      expect(() => journal.append([org("b")])).toThrow(JournalUnfollowed);
    }
    using again = open(folder.path);
    expect(again.append([org("b")])).toBe(2);
  });

  it("has a fold that finds no room lag, and tells nobody before it is level", async () => {
    using folder = temporaryFolder();
    const clock = new ManualClock();
    const path = join(folder.path, "journal.db");
    using journal = SqliteJournal.open(path, clock);
    const heard: number[] = [];
    const fold = foldOf(journal);
    journal.subscribe((news) => heard.push(...news.map(({ seq }) => seq)));
    journal.append([org("a")]);
    fold.full = true;
    expect(() => journal.append([org("b")])).toThrow(JournalDelayed);
    expect(() => journal.append([org("c")])).toThrow(JournalDelayed);
    expect(journal.last()).toBe(2);
    expect(journal.lag).toMatchObject({ since: clock.now() });
    expect(journal.untold()).toMatchObject([{ seq: 2, event: org("b") }]);
    expect([fold.taken, heard]).toEqual([[1], [1]]);
    fold.full = false;
    await clock.advance(1_000);
    expect([fold.taken, heard]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(journal.lag).toBeUndefined();
    expect(journal.append([org("c")])).toBe(3);
    expect(heard).toEqual([1, 2, 3]);
  });

  it("brings a fold level as soon as something is asked of it", () => {
    using folder = temporaryFolder();
    using journal = open(folder.path);
    const fold = foldOf(journal);
    fold.full = true;
    expect(() => journal.append([org("a")])).toThrow(JournalDelayed);
    fold.full = false;
    expect(journal.append([org("b")])).toBe(2);
    expect(fold.taken).toEqual([1, 2]);
  });

  it("gives orders what a reserve keeps, and nothing else any of it", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "journal.db");
    const given = { pieces: 3 };
    const disk = {
      admits: () => true,
      release: () => {
        if (given.pieces === 0) return false;
        given.pieces -= 1;
        fold.full = given.pieces > 1;
        return true;
      },
    };
    using journal = SqliteJournal.open(path, systemClock, disk);
    const fold = foldOf(journal);
    fold.full = true;
    expect(() => journal.append([receipt])).toThrow(JournalDelayed);
    expect(given.pieces).toBe(3);
    expect(journal.append([org("a")])).toBe(2);
    expect(given.pieces).toBe(1);
    expect(fold.taken).toEqual([1, 2]);
  });

  it.each([
    ["telemetry", telemetry],
    ["receipts", receipt],
    ["a list", decided({ action: "import" })],
    ["what a rule bans", decided({ by: "rule:several-orgs" })],
  ])("takes no %s where the disk has room for orders alone", (_, event) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "journal.db");
    const disk = {
      admits: (worth: Worth) => worth === "orders",
      release: () => false,
    };
    using journal = SqliteJournal.open(path, systemClock, disk);
    expect(() => journal.append([event])).toThrow(NoRoom);
    expect(journal.append([decided({ action: "ban" }), segment])).toBe(2);
    expect(journal.append([decided({ action: "lift" }), segment])).toBe(4);
  });

  it("ends over a fold that fails for another reason than room", async () => {
    using folder = temporaryFolder();
    using journal = open(folder.path);
    const fold = foldOf(journal);
    fold.damaged = true;
    expect(() => journal.append([org("a")])).toThrow(JournalUnfollowed);
    expect((await journal.broken).message).toContain("malformed");
  });

  it("lets one process hold a folder at a time", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "lock");
    {
      using _held = holdAlone(path);
      expect(() => holdAlone(path)).toThrow("held by another process");
    }
    using again = holdAlone(path);
    expect(again).toBeDefined();
  });
});

const open = (folder: string) =>
  SqliteJournal.open(join(folder, "journal.db"), systemClock);

/** A fold whose disk is full, or whose file is damaged, as a test says. */
function foldOf(journal: SqliteJournal) {
  const fold = {
    ...{ full: false, damaged: false, taken: [] as number[] },
    take: () => {
      const failure = fold.full ? "SQLITE_FULL" : "SQLITE_CORRUPT";
      const text = fold.full ? "disk is full" : "image is malformed";
      if (fold.full || fold.damaged) {
        throw Object.assign(new Error(text), { code: failure });
      }
      const from = (fold.taken.at(-1) ?? 0) + 1;
      fold.taken.push(...journal.read(from, 100).map(({ seq }) => seq));
    },
  };
  journal.follow(fold);
  return fold;
}
