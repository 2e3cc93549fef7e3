import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { OutOfOrder } from "../../agent/ledger/feeds.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { MOST_HELD_TOLD } from "../../agent/ledger/outcomes.js";
import { FOREVER } from "../../agent/model/ban.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { unpacked } from "../support/agent/entries.js";
import {
  ban,
  LedgerFolder,
  lift,
  NOW,
  positionOf,
  recordNext,
  rulesetOf,
  tellChange,
  tellEntry,
} from "../support/agent/ledger.js";

describe("recording", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  describe("recording a segment", () => {
    it("keeps bans, position and revision through a restart", () => {
      const hash = new Uint8Array(32).fill(7);
      const position = { ...positionOf("urgent", 2), hash };
      const ops = [ban("192.0.2.1"), ban("2001:db8::/32", 60)];
      ledger.record({ position, ops, now: NOW });
      const { id } = ledger;

      const again = folder.open();

      expect(rulesetOf(again)).toEqual(["2001:db8::/32 60", "192.0.2.1 3600"]);
      expect(again.position("urgent")).toEqual(position);
      expect(again.positions()).toEqual([position]);
      expect([again.id, again.revision()]).toEqual([id, 1]);
    });

    it("draws another id for every ledger", () => {
      using other = new LedgerFolder();
      expect(other.open().id).not.toBe(ledger.id);
    });

    it("lets the last op on a range win", () => {
      recordNext(ledger, "urgent", [
        ban("192.0.2.1", 60),
        ban("192.0.2.2", 60),
        ban("192.0.2.1", 30),
        lift("192.0.2.2"),
      ]);
      expect(rulesetOf(ledger)).toEqual(["192.0.2.1 30"]);
    });

    it("lets a ban replace the feed's earlier one, so that it may shorten it", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1", 3600)]);
      recordNext(ledger, "urgent", [
        ban("192.0.2.1", 60, { reason: "milder" }),
      ]);
      expect(rulesetOf(ledger)).toEqual(["192.0.2.1 60"]);
      expect(ledger.list({ limit: 9 }, NOW)).toMatchObject([
        { reason: "milder" },
      ]);
    });

    it("keeps a ban forever when it has no end", () => {
      recordNext(ledger, "urgent", [{ ...ban("::/0"), expiresAt: FOREVER }]);
      expect(rulesetOf(ledger, FOREVER - 1)).toHaveLength(1);
    });

    it("stores nothing of a ban that ran out before it came, and ends the one before", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);

      const recorded = recordNext(ledger, "urgent", [ban("192.0.2.1", 0)]);

      expect(recorded).toMatchObject({ banned: 0, expired: 1 });
      expect(rulesetOf(ledger)).toEqual(["192.0.2.2 3600"]);
      expect(ledger.counts()).toEqual([
        { feed: "urgent", bans: 1, held: 0, observed: 0 },
      ]);
    });

    it("tells what became of the ops", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.9")]);

      const recorded = recordNext(ledger, "urgent", [
        ban("192.0.2.1"),
        ban("192.0.2.2", -1),
        ban("10.0.0.0/8", 60, { held: "protected" }),
        lift("192.0.2.9"),
        lift("192.0.2.10"),
      ]);

      expect(recorded).toMatchObject({
        revision: 2,
        banned: 1,
        lifted: 1,
        expired: 1,
        heldTotal: 1,
        held: [{ cidr: parseCidr("10.0.0.0/8"), held: "protected" }],
      });
      expect(ledger.outcomes(1)).toEqual([
        {
          kind: "segment",
          position: { feed: "urgent", epoch: "e1", offset: 2 },
          revision: 2,
          banned: 1,
          observed: 0,
          lifted: 1,
          expired: 1,
          held: 1,
          recordedAt: NOW,
        },
      ]);
    });

    it("names the first of many held bans and counts them all", () => {
      const ops = Array.from({ length: MOST_HELD_TOLD + 5 }, (_, i) =>
        ban(`10.0.0.${i}`, 60, { held: "protected" }),
      );
      const { held, heldTotal } = recordNext(ledger, "urgent", ops);
      expect([held.length, heldTotal]).toEqual([MOST_HELD_TOLD, ops.length]);
    });

    it("counts up even when a segment changes nothing", () => {
      recordNext(ledger, "urgent", []);
      recordNext(ledger, "urgent", [lift("192.0.2.1")]);
      expect(ledger.revision()).toBe(2);
    });
  });

  describe("a segment that can't be recorded", () => {
    it.each([
      ["again", positionOf("urgent", 5)],
      ["from the past", positionOf("urgent", 4)],
      ["of another epoch", positionOf("urgent", 6, "e2")],
    ])("changes nothing when it comes %s", (_, position) => {
      ledger.record({
        position: positionOf("urgent", 5),
        ops: [ban("192.0.2.1")],
        now: NOW,
      });

      expect(() =>
        ledger.record({ position, ops: [ban("192.0.2.2")], now: NOW }),
      ).toThrow(OutOfOrder);

      expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
      expect(ledger.position("urgent")?.offset).toBe(5);
      expect(ledger.revision()).toBe(1);
    });

    it("leaves nothing behind when its ops break off half-way", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1", 60, { reason: "first" })]);
      function* breakingOff() {
        yield ban("192.0.2.2", 60, { reason: "never seen before" });
        yield lift("192.0.2.1");
        throw Object.assign(new Error("unreadable op"), { syscall: "read" });
      }

      expect(() => recordNext(ledger, "urgent", breakingOff())).toThrow(
        "unreadable op",
      );

      expect(rulesetOf(ledger)).toEqual(["192.0.2.1 60"]);
      expect(ledger.position("urgent")?.offset).toBe(1);
      expect([...ledger.changesSince(1, 9, () => NOW)]).toEqual([]);
      expect(ledger.counts()).toEqual([
        { feed: "urgent", bans: 1, held: 0, observed: 0 },
      ]);

      recordNext(ledger, "urgent", [ban("192.0.2.3", 60, { reason: "third" })]);
      expect(ledger.list({ limit: 9 }, NOW).map((b) => b.reason)).toEqual([
        "first",
        "third",
      ]);
    });
  });

  describe("the ruleset", () => {
    it("is the union of the feeds, and the longest ban of a range wins", () => {
      recordNext(ledger, "urgent", [
        ban("192.0.2.1", 60),
        ban("192.0.2.2", 60),
      ]);
      recordNext(ledger, "reputation", [ban("192.0.2.2", 90)]);
      recordNext(ledger, "org/acme", [
        ban("192.0.2.2", 30),
        ban("198.51.100.1"),
      ]);

      const union = ["192.0.2.1 60", "192.0.2.2 90", "198.51.100.1 3600"];
      for (const size of [1, 2, 3, 4]) {
        expect(rulesetOf(ledger, NOW, size)).toEqual(union);
      }
      expect(effectiveOn(ledger, "192.0.2.2")).toEqual(["192.0.2.2 90"]);
    });

    it("tells the longest enforced and the longest observed ban of a range", () => {
      const observed = { observed: true };
      recordNext(ledger, "urgent", [
        ban("192.0.2.1", 60),
        ban("192.0.2.2", 10, observed),
      ]);
      recordNext(ledger, "reputation", [
        ban("192.0.2.1", 90, observed),
        ban("192.0.2.2", 20, observed),
      ]);
      recordNext(ledger, "org/acme", [
        ban("192.0.2.1", 30),
        ban("192.0.2.1", 70),
      ]);

      expect(effectiveOn(ledger, "192.0.2.1")).toEqual([
        "192.0.2.1 70",
        "192.0.2.1 90 observed",
      ]);
      expect(effectiveOn(ledger, "192.0.2.2")).toEqual([
        "192.0.2.2 20 observed",
      ]);
      for (const size of [1, 2, 3, 4, 5]) {
        expect(rulesetOf(ledger, NOW, size).sort()).toEqual([
          "192.0.2.1 70",
          "192.0.2.1 90 observed",
          "192.0.2.2 20 observed",
        ]);
      }
    });

    it("enforces a ban that was observed once it is banned again, and the reverse", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1", 60, { observed: true })]);
      const { revision } = recordNext(ledger, "urgent", [ban("192.0.2.1", 60)]);
      expect(changesOf(ledger, revision - 1)).toEqual([
        `@${revision} +192.0.2.1 60`,
      ]);
      recordNext(ledger, "urgent", [ban("192.0.2.1", 60, { observed: true })]);
      expect(changesOf(ledger, revision)).toEqual([
        `@${revision + 1} +192.0.2.1 60 observed`,
      ]);
    });

    it("counts observed bans for themselves, held ones not among them", () => {
      const observed = { observed: true };
      const recorded = recordNext(ledger, "urgent", [
        ban("192.0.2.1"),
        ban("192.0.2.2", 60, observed),
        ban("192.0.2.3", 60, { ...observed, held: "wide" }),
      ]);
      expect(recorded).toMatchObject({ banned: 1, observed: 1, heldTotal: 1 });
      expect(ledger.newestOutcome("urgent")).toMatchObject({
        ...{ banned: 1, observed: 1, held: 1 },
      });
      expect(ledger.counts()).toEqual([
        { feed: "urgent", bans: 3, held: 1, observed: 1 },
      ]);
      recordNext(ledger, "urgent", [ban("192.0.2.2"), lift("192.0.2.3")]);
      expect(ledger.counts()).toEqual([
        { feed: "urgent", bans: 2, held: 0, observed: 0 },
      ]);
    });

    it("keeps another feed's ban when one is lifted", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1", 60)]);
      recordNext(ledger, "reputation", [ban("192.0.2.1", 90)]);
      recordNext(ledger, "reputation", [lift("192.0.2.1")]);
      expect(rulesetOf(ledger)).toEqual(["192.0.2.1 60"]);
    });

    it("leaves out held bans, and enforces them once they come unheld", () => {
      recordNext(ledger, "urgent", [ban("10.0.0.0/8", 60, { held: "wide" })]);
      expect(rulesetOf(ledger)).toEqual([]);
      recordNext(ledger, "urgent", [ban("10.0.0.0/8", 60)]);
      expect(rulesetOf(ledger)).toEqual(["10.0.0.0/8 60"]);
      expect(ledger.counts()).toEqual([
        { feed: "urgent", bans: 1, held: 0, observed: 0 },
      ]);
    });

    it("leaves out what has run out", () => {
      recordNext(ledger, "urgent", [
        ban("192.0.2.1", 60),
        ban("192.0.2.2", 61),
      ]);
      recordNext(ledger, "reputation", [ban("192.0.2.1", 30)]);
      expect(rulesetOf(ledger, NOW + 60)).toEqual(["192.0.2.2 61"]);
      const { cidr } = ban("192.0.2.1");
      expect(ledger.effective(cidr, NOW + 60)).toEqual([]);
    });

    it("tells a range from those inside and around it", () => {
      recordNext(ledger, "urgent", [ban("0.0.0.0/8"), ban("::/8", 60)]);
      recordNext(ledger, "urgent", [ban("0.0.0.0/9"), ban("0.0.0.0")]);
      recordNext(ledger, "urgent", [lift("0.0.0.0/8")]);
      expect(rulesetOf(ledger)).toEqual([
        "0.0.0.0/9 3600",
        "0.0.0.0 3600",
        "::/8 60",
      ]);
    });

    it("lets others write while it is being read", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.3")]);
      const slices = ledger.entries(1, NOW)[Symbol.iterator]();
      slices.next();
      recordNext(ledger, "urgent", [ban("192.0.2.2"), lift("192.0.2.3")]);
      const next = unpacked([slices.next().value ?? []]);
      expect(next.map(tellEntry)).toEqual(["192.0.2.2 3600"]);
      expect(slices.next().done).toBe(true);
    });
  });
});

const effectiveOn = (ledger: Ledger, range: string): readonly string[] =>
  ledger.effective(lift(range).cidr, NOW).map(tellEntry);

const changesOf = (ledger: Ledger, since: number): readonly string[] =>
  [...ledger.changesSince(since, 100, () => NOW)].map(tellChange);
