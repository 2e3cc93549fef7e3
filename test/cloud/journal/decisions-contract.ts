import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Clock } from "../../../agent/runtime/clock.js";
import { NoRoom } from "../../../cloud/disk/room.js";
import type { Worth } from "../../../cloud/disk/worth.js";
import {
  commitmentTo,
  decisionPayload,
} from "../../../cloud/journal/commitment.js";
import type {
  DecisionEvent,
  RecordedDecision,
} from "../../../cloud/journal/decision-events.js";
import type { Decisions } from "../../../cloud/journal/decisions.js";
import {
  JournalConflict,
  JournalDelayed,
  JournalUnfollowed,
} from "../../../cloud/journal/failures.js";
import { lookThenAppend } from "../../../cloud/journal/look-then-append.js";
import type { JournalDisk } from "../../../cloud/journal/sqlite-file.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";
import { foldOf } from "./fold.js";

/** One of those who write to the same decisions. */
export type OpenDecisions = Decisions &
  (AsyncDisposable | Disposable) & {
    readonly lag: { readonly since: number } | undefined;
    readonly broken: Promise<Error>;
    untold(): readonly RecordedDecision[];
  };

export interface DecisionsEngine {
  readonly name: string;
  /** Opens what lies in the folder, as often as it is asked to. */
  open(folder: string, clock: Clock, disk?: JournalDisk): OpenDecisions;
}

export const orgAdded = (org: string): DecisionEvent => ({
  ...({ kind: "org-added", org, name: org } as const),
});

const decided = (more: { action?: "lift" | "ban" | "import"; by?: string }) =>
  ({
    ...{ kind: "decided", decision: "dec-1", action: "ban", by: "first" },
    ...{ feed: "urgent", ranges: 1, reason: "" },
    ...more,
  }) as const satisfies DecisionEvent;

const segment: DecisionEvent = {
  ...{ kind: "segment", decision: "dec-1", feed: "urgent", epoch: "e" },
  ...{ first: 1, last: 2, hash: "00", notAfter: 5 },
  bytes: Buffer.from([1, 2, 3]),
};

/** What whoever stands behind the port of decisions has to hold. */
export function itKeepsDecisions(engine: DecisionsEngine): void {
  describe(`decisions in ${engine.name}`, () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let clock: ManualClock;
    const opened: (AsyncDisposable | Disposable)[] = [];
    const open = (disk?: JournalDisk) => {
      const decisions = engine.open(folder.path, clock, disk);
      opened.push(decisions);
      return decisions;
    };

    beforeEach(() => {
      folder = temporaryFolder();
      clock = new ManualClock();
    });

    afterEach(async () => {
      for (const each of opened.splice(0)) {
        if (Symbol.asyncDispose in each) await each[Symbol.asyncDispose]();
        else each[Symbol.dispose]();
      }
      folder[Symbol.dispose]();
    });

    it("are read back as they were appended, bytes included, in another life", async () => {
      expect(await open().append([orgAdded("a"), segment])).toBe(2);
      const again = open();
      expect(again.level).toBe(2);
      const [first, second] = await again.after(0, 10);
      expect(first).toMatchObject({ seq: 1, event: orgAdded("a") });
      expect(second).toMatchObject({ seq: 2, event: segment });
      expect(await again.after(1, 10)).toHaveLength(1);
      expect(await again.after(0, 1)).toHaveLength(1);
    });

    it("are all appended, or none", async () => {
      const decisions = open();
      const circular: { self?: unknown } = {};
      circular.self = circular;
      const unwritable = { ...orgAdded("b"), name: circular as never };
      const both = [orgAdded("a"), unwritable];
      await expect(decisions.append(both)).rejects.toThrow(TypeError);
      expect(await decisions.after(0, 10)).toEqual([]);
      expect(await decisions.append([orgAdded("c")])).toBe(1);
    });

    it("are refused from whoever decided on an older state", async () => {
      const decisions = open();
      await decisions.append([orgAdded("a")]);
      await expect(decisions.append([orgAdded("b")], 0)).rejects.toThrow(
        new JournalConflict(0, 1),
      );
      expect(decisions.level).toBe(1);
    });

    it("are refused where another process was first, which catches up", async () => {
      const [one, other] = [open(), open()];
      const heard: number[] = [];
      one.subscribe((news) => heard.push(...news.map(({ seq }) => seq)));
      await other.append([orgAdded("a")]);
      await expect(one.append([orgAdded("b")], one.level)).rejects.toThrow(
        JournalConflict,
      );
      expect(await one.catchUp()).toBe(1);
      expect(heard).toEqual([1]);
      expect(await one.append([orgAdded("b")], one.level)).toBe(2);
    });

    it("come behind another process's where they were decided on nothing", async () => {
      const [one, other] = [open(), open()];
      const heard: number[] = [];
      one.subscribe((news) => heard.push(...news.map(({ seq }) => seq)));
      await other.append([orgAdded("a")]);
      expect(await one.append([orgAdded("b")])).toBe(2);
      expect(heard).toEqual([1, 2]);
      expect(one.level).toBe(2);
    });

    it("are looked at again by whoever was overtaken: of two that race, one is first", async () => {
      const racers = [open(), open(), open()];
      const claims = racers.flatMap((decisions) => {
        const names = new Set<string>();
        decisions.subscribe((news) => {
          for (const { event } of news) {
            if (event.kind === "org-added") names.add(event.org);
          }
        });
        const claim = async (org: string) => {
          await nextTurn();
          return lookThenAppend(decisions, () =>
            names.has(org)
              ? { events: [], answer: false }
              : { events: [orgAdded(org)], answer: true },
          );
        };
        return ["a", "b", "c", "d", "e", "f"].map(claim);
      });
      const won = (await Promise.all(claims)).filter(Boolean);
      expect(won).toHaveLength(6);
      await racers[0]!.catchUp();
      const all = await racers[0]!.after(0, 100);
      expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    });

    it("are told to listeners once they are durable and folded, until these leave", async () => {
      const decisions = open();
      const fold = await foldOf(decisions);
      const heard: number[] = [];
      const subscription = decisions.subscribe((news) => {
        heard.push(...news.map(({ seq }) => seq));
        expect(fold.taken).toEqual(heard);
      });
      await decisions.append([orgAdded("a"), orgAdded("b")]);
      subscription[Symbol.dispose]();
      await decisions.append([orgAdded("c")]);
      expect(heard).toEqual([1, 2]);
    });

    it("are told to all others when one fails, and nothing more is taken", async () => {
      const heard: number[] = [];
      const decisions = open();
      decisions.subscribe(() => {
        throw new Error("database is locked");
      });
      decisions.subscribe((news) => heard.push(...news.map(({ seq }) => seq)));
      expect(await decisions.append([orgAdded("a")])).toBe(1);
      expect(heard).toEqual([1]);
      expect((await decisions.broken).message).toBe(
        "event 1 is durable, but was not taken in: database is locked",
      );
      await expect(decisions.append([orgAdded("b")])).rejects.toThrow(
        JournalUnfollowed,
      );
      expect(await open().append([orgAdded("b")])).toBe(2);
    });

    it("wait for a fold that finds no room, and nobody is told before it is level", async () => {
      const decisions = open();
      const heard: number[] = [];
      const fold = await foldOf(decisions);
      decisions.subscribe((news) => heard.push(...news.map(({ seq }) => seq)));
      await decisions.append([orgAdded("a")]);
      fold.full = true;
      for (const org of ["b", "c"]) {
        await expect(decisions.append([orgAdded(org)])).rejects.toThrow(
          JournalDelayed,
        );
      }
      expect(decisions.level).toBe(1);
      expect(decisions.lag).toMatchObject({ since: clock.now() });
      expect(decisions.untold()).toMatchObject([
        { seq: 2, event: orgAdded("b") },
      ]);
      expect([fold.taken, heard]).toEqual([[1], [1]]);
      fold.full = false;
      await clock.advance(1_000);
      expect([fold.taken, heard]).toEqual([
        ...[
          [1, 2],
          [1, 2],
        ],
      ]);
      expect(decisions.lag).toBeUndefined();
      expect(await decisions.append([orgAdded("c")])).toBe(3);
      expect(heard).toEqual([1, 2, 3]);
    });

    it("bring a fold level as soon as something is asked of it", async () => {
      const decisions = open();
      const fold = await foldOf(decisions);
      fold.full = true;
      await expect(decisions.append([orgAdded("a")])).rejects.toThrow(
        JournalDelayed,
      );
      fold.full = false;
      expect(await decisions.append([orgAdded("b")])).toBe(2);
      expect(fold.taken).toEqual([1, 2]);
    });

    it("bring a fold level that comes late, over what is nobody's", async () => {
      const orgs = Array.from({ length: 100 }, (_, n) => orgAdded(`o${n}`));
      const decisions = open();
      await decisions.append(orgs);
      const fold = await foldOf(decisions);
      expect(fold.taken).toHaveLength(100);
    });

    it("give orders what a reserve keeps, and nothing else any of it", async () => {
      const given = { pieces: 3 };
      const fold = await foldOf(
        open({
          admits: () => true,
          release: () => {
            if (given.pieces === 0) return false;
            given.pieces -= 1;
            fold.full = given.pieces > 1;
            return true;
          },
        }),
      );
      const decisions = opened[0] as OpenDecisions;
      fold.full = true;
      await expect(
        decisions.append([decided({ by: "rule:x" })]),
      ).rejects.toThrow(JournalDelayed);
      expect(given.pieces).toBe(3);
      expect(await decisions.append([orgAdded("a")])).toBe(2);
      expect(given.pieces).toBe(1);
      expect(fold.taken).toEqual([1, 2]);
    });

    it.each([
      ["a list", decided({ action: "import" })],
      ["what a rule bans", decided({ by: "rule:several-orgs" })],
    ])(
      "are not %s where the disk has room for orders alone",
      async (_, event) => {
        const decisions = open({
          admits: (worth: Worth) => worth === "orders",
          release: () => false,
        });
        await expect(decisions.append([event])).rejects.toThrow(NoRoom);
        const ban = decided({ action: "ban" });
        expect(await decisions.append([ban, segment])).toBe(2);
        const lift = decided({ action: "lift" });
        expect(await decisions.append([lift, segment])).toBe(4);
      },
    );

    it("end over a fold that fails for another reason than room", async () => {
      const decisions = open();
      const fold = await foldOf(decisions);
      fold.damaged = true;
      await expect(decisions.append([orgAdded("a")])).rejects.toThrow(
        JournalUnfollowed,
      );
      expect((await decisions.broken).message).toContain("malformed");
    });

    it("have a salt of their own each, and commit to what is told of them", async () => {
      const decisions = open();
      await decisions.append([orgAdded("a"), orgAdded("a")]);
      const rows = await decisions.rowsAfter(0, 10);
      const [one, other] = rows.map(({ salt }) => Buffer.from(salt!));
      expect([one?.length, other?.length]).toEqual([32, 32]);
      expect(one).not.toEqual(other);
      expect(decisionPayload(rows[0]!)).toBe(
        `{"seq":1,"at":${clock.now()},"event":{"kind":"org-added","org":"a","name":"a"}}`,
      );
    });

    it("can be forgotten: only the commitment stays, and folds pass over them", async () => {
      const decisions = open();
      await decisions.append([orgAdded("secret"), segment, orgAdded("b")]);
      const before = await decisions.rowsAfter(0, 2);
      await decisions.empty(1, "all");
      await decisions.empty(1, "all");
      await decisions.empty(2, "bytes");
      const [first, second] = await decisions.rowsAfter(0, 2);
      expect(first).toMatchObject({ body: null, bytes: null, salt: null });
      expect(Buffer.from(first!.commitment!)).toEqual(
        commitmentTo(before[0]!.salt!, decisionPayload(before[0]!)!),
      );
      expect(second).toMatchObject({ bytes: null, salt: null });
      expect(second?.body).toBe(before[1]?.body);
      const kinds = (await open().after(0, 10)).map(({ event }) => event.kind);
      expect(kinds).toEqual(["gone", "segment-emptied", "org-added"]);
      await expect(decisions.empty(9, "all")).rejects.toThrow(
        "there is no event 9",
      );
    });
  });
}
