import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/clock.js";
import type { Event } from "../../../cloud/journal/events.js";
import {
  JournalConflict,
  JournalUnfollowed,
} from "../../../cloud/journal/journal.js";
import { SqliteJournal } from "../../../cloud/journal/sqlite-journal.js";
import { holdAlone } from "../../../cloud/journal/database.js";
import { temporaryFolder } from "../../support/cloud.js";

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

const org = (id: string): Event => ({ kind: "org-added", org: id, name: id });

const segment: Event = {
  ...{ kind: "segment", decision: "dec-1", feed: "urgent", epoch: "e" },
  ...{ first: 1, last: 2, hash: "00", notAfter: 5 },
  bytes: Buffer.from([1, 2, 3]),
};
