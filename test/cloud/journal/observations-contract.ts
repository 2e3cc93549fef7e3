import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Clock } from "../../../agent/runtime/clock.js";
import { NoRoom } from "../../../cloud/disk/room.js";
import type { Worth } from "../../../cloud/disk/worth.js";
import {
  commitmentTo,
  observationPayload,
} from "../../../cloud/journal/commitment.js";
import {
  JournalDelayed,
  JournalUnfollowed,
} from "../../../cloud/journal/failures.js";
import type { ObservationEvent } from "../../../cloud/journal/observation-events.js";
import type { Observations } from "../../../cloud/journal/observations.js";
import { observed } from "../../../cloud/journal/observed.js";
import type { JournalDisk } from "../../../cloud/journal/sqlite-file.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";
import { foldOf } from "./fold.js";

export type OpenObservations = Observations &
  (AsyncDisposable | Disposable) & {
    readonly lag: { readonly since: number } | undefined;
    readonly broken: Promise<Error>;
  };

export interface ObservationsEngine {
  readonly name: string;
  /** Opens what lies in the folder, as often as it is asked to. */
  open(folder: string, clock: Clock, disk?: JournalDisk): OpenObservations;
}

const receipt = (signed: string): ObservationEvent => ({
  ...{ kind: "receipt", agent: "agt-1", signed, signature: "" },
});

const telemetry = (first: number, spool = "s"): ObservationEvent => ({
  ...{ kind: "telemetry", agent: "agt-1", org: "example", spool },
  ...{ first, items: [] },
});

const divergence = (feed: "urgent" | "reputation"): ObservationEvent => ({
  ...{ kind: "divergence", agent: "agt-1", document: "hello", feed },
  ...{ signed: "{}", signature: "", epoch: "e", offset: 1 },
  ...{ theirs: "00", ours: null },
});

const seen: ObservationEvent = {
  ...{ kind: "agent-seen", agent: "agt-1", version: "0.4.0" },
};

/** What whoever stands behind the port of observations has to hold. */
export function itKeepsObservations(engine: ObservationsEngine): void {
  describe(`observations in ${engine.name}`, () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let clock: ManualClock;
    const opened: (AsyncDisposable | Disposable)[] = [];
    const open = (disk?: JournalDisk) => {
      const observations = engine.open(folder.path, clock, disk);
      opened.push(observations);
      return observations;
    };
    const put = (to: Observations, ...events: readonly ObservationEvent[]) =>
      to.put(events.map(observed));

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

    it("are read back as they were put, in another life", async () => {
      await put(open(), telemetry(1), receipt("{}"));
      const again = open();
      expect(again.level).toBe(2);
      expect(await again.after(0, 10)).toMatchObject([
        { seq: 1, spool: "s", number: 1, event: telemetry(1) },
        { seq: 2, number: 0, event: receipt("{}") },
      ]);
    });

    it("are taken once, whatever is repeated, and it is said which were known", async () => {
      const observations = open();
      expect(await put(observations, telemetry(1), telemetry(2))).toEqual([
        ...["taken", "taken"],
      ]);
      const again = [telemetry(2), telemetry(3), telemetry(3), receipt("{}")];
      expect(await put(observations, ...again)).toEqual([
        ...["known", "taken", "known", "taken"],
      ]);
      expect(await put(open(), ...again)).toEqual([
        ...["known", "known", "known", "known"],
      ]);
      const all = await observations.after(0, 10);
      expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    });

    it("tell nobody of what was known", async () => {
      const observations = open();
      const fold = await foldOf(observations);
      const heard: number[] = [];
      observations.subscribe((news) => {
        heard.push(...news.map(({ seq }) => seq));
      });
      await put(observations, telemetry(1));
      await put(observations, telemetry(1));
      await put(observations, telemetry(1), telemetry(2));
      expect([fold.taken, heard]).toEqual([
        ...[
          [1, 2],
          [1, 2],
        ],
      ]);
    });

    it("have what one document shows of each feed, and what agents say again", async () => {
      const both = [divergence("urgent"), divergence("reputation")];
      const observations = open();
      expect(await put(observations, ...both, ...both, seen, seen)).toEqual([
        ...["taken", "taken", "known", "known", "taken", "taken"],
      ]);
    });

    it("are each agent's own: no other displaces them", async () => {
      const other = { ...telemetry(1), agent: "agt-2" } as ObservationEvent;
      expect(await put(open(), telemetry(1), other)).toEqual([
        ...["taken", "taken"],
      ]);
    });

    it("are taken from two who put the same: each is there once", async () => {
      const racers = [open(), open(), open()];
      const batches = racers.map((each) =>
        put(each, ...[1, 2, 3, 4, 5].map((n) => telemetry(n))),
      );
      const outcomes = (await Promise.all(batches)).flat();
      expect(outcomes.filter((each) => each === "taken")).toHaveLength(5);
      await racers[0]!.catchUp();
      expect(await racers[0]!.after(0, 100)).toHaveLength(5);
    });

    it("are all put, or none", async () => {
      const observations = open();
      const unwritable = { ...receipt("{}"), signature: 1n as never };
      await expect(put(observations, telemetry(1), unwritable)).rejects.toThrow(
        TypeError,
      );
      expect(await observations.after(0, 10)).toEqual([]);
    });

    it("leave out numbers that were given away elsewhere, and are followed over the gap", async () => {
      const observations = open();
      const fold = await foldOf(observations);
      await put(observations, telemetry(1));
      await observations.skipTo(1_000);
      await observations.skipTo(10);
      expect(observations.level).toBe(1_000);
      await put(observations, telemetry(2));
      await put(observations, telemetry(3));
      expect(fold.taken).toEqual([1, 1_001, 1_002]);
      expect((await foldOf(open())).taken).toEqual([1, 1_001, 1_002]);
    });

    it("wait for a fold that finds no room, and are not put twice by who asks again", async () => {
      const observations = open();
      const fold = await foldOf(observations);
      fold.full = true;
      for (let turn = 0; turn < 2; turn++) {
        await expect(put(observations, telemetry(1))).rejects.toThrow(
          JournalDelayed,
        );
      }
      expect(observations.lag).toMatchObject({ since: clock.now() });
      fold.full = false;
      await clock.advance(1_000);
      expect(fold.taken).toEqual([1]);
      expect(await put(observations, telemetry(1))).toEqual(["known"]);
    });

    it.each([
      ["telemetry", telemetry(1), "answers"],
      ["receipts", receipt("{}"), "orders"],
    ] as const)(
      "take no %s where the disk has no room for it",
      async (_, event, least) => {
        const order: readonly Worth[] = ["telemetry", "answers", "orders"];
        const observations = open({
          admits: (worth) => order.indexOf(worth) >= order.indexOf(least),
          release: () => false,
        });
        await expect(put(observations, event)).rejects.toThrow(NoRoom);
      },
    );

    it("end over a fold that fails for another reason than room", async () => {
      const observations = open();
      (await foldOf(observations)).damaged = true;
      await expect(put(observations, seen)).rejects.toThrow(JournalUnfollowed);
      expect((await observations.broken).message).toContain("malformed");
    });

    it("are forgotten by their age and kind, the oldest first and few at a time", async () => {
      const observations = open();
      await put(observations, telemetry(1), receipt("old"), telemetry(2));
      await clock.advance(1_000);
      await put(observations, telemetry(3), receipt("new"));
      const forget = (kept: "reports" | "evidence", most: number) =>
        observations.forget(kept, clock.now(), most);
      const first = { looked: 2, forgotten: 1, through: 2 };
      expect(await forget("reports", 2)).toEqual(first);
      const second = { looked: 1, forgotten: 1, through: 3 };
      expect(await forget("reports", 9)).toEqual(second);
      const nothing = { looked: 0, forgotten: 0, through: 3 };
      expect(await forget("reports", 9)).toEqual(nothing);
      const again = open();
      expect(await again.forget("evidence", Infinity, 9)).toEqual({
        ...{ looked: 5, forgotten: 2, through: 5 },
      });
      const kinds = (await again.after(0, 9)).map(({ event }) => event.kind);
      expect(kinds).toEqual(["gone", "gone", "gone", "telemetry", "gone"]);
    });

    it("let go of their rows once no digest has one beside them that can be shown", async () => {
      const observations = open();
      const many = Array.from({ length: 5_000 }, (_, n) => telemetry(n + 1));
      await put(observations, ...many);
      for (const kept of ["reports", "evidence"] as const) {
        expect(await observations.drop(5_000, 5_000)).toBe(0);
        await observations.forget(kept, Infinity, 4_800);
      }
      expect(await observations.drop(4_500, 100)).toBe(100);
      expect(await observations.drop(4_500, 5_000)).toBe(304);
      expect(await observations.drop(5_000, 5_000)).toBe(300);
      const [oldest] = await observations.rowsAfter(0, 1);
      expect(oldest).toMatchObject({ seq: 705, body: null });
      expect(oldest?.commitment).not.toBeNull();
      expect(await put(observations, telemetry(9_999))).toEqual(["taken"]);
      expect(observations.level).toBe(5_001);
      expect(observations.bytes()).toBeGreaterThan(100_000);
    });

    it("can be forgotten: the commitment stays, and so does what is known", async () => {
      const observations = open();
      await put(observations, telemetry(1), receipt("{}"));
      const [before] = await observations.rowsAfter(0, 1);
      expect(Buffer.from(before!.salt!)).toHaveLength(16);
      expect(observationPayload(before!)).toBe(
        `{"seq":1,"at":${clock.now()},"agent":"agt-1","spool":"s","number":1,"event":${before!.body!}}`,
      );
      await observations.empty([1, 7]);
      await observations.empty([1]);
      const [after] = await observations.rowsAfter(0, 1);
      expect(after).toMatchObject({ body: null, salt: null, spool: "s" });
      expect(Buffer.from(after!.commitment!)).toEqual(
        commitmentTo(before!.salt!, observationPayload(before!)!),
      );
      const kinds = (await open().after(0, 9)).map(({ event }) => event.kind);
      expect(kinds).toEqual(["gone", "receipt"]);
      expect(await put(observations, telemetry(1))).toEqual(["known"]);
    });
  });
}
