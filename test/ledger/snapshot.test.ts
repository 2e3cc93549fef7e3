import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { OutOfOrder } from "../../agent/ledger/feeds.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { StagingEnded, StagingOvertaken } from "../../agent/ledger/staging.js";
import {
  adoptNext,
  ban,
  LedgerFolder,
  lift,
  NOW,
  positionOf,
  recordNext,
  rulesetOf,
  tellChange,
} from "../support/agent/ledger.js";

describe("snapshots", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  const changes = (since: number) =>
    [...ledger.changesSince(since, 100, () => NOW)].map(tellChange);

  describe("a snapshot", () => {
    it("counts for nothing until it is adopted, and then replaces its feed", () => {
      recordNext(ledger, "reputation", [ban("192.0.2.1"), ban("192.0.2.2")]);
      recordNext(ledger, "urgent", [ban("198.51.100.1")]);
      const staging = ledger.stage("reputation");
      staging.add([ban("192.0.2.2"), ban("192.0.2.3")], NOW);
      staging.add([ban("192.0.2.4", 60)], NOW);
      expect(rulesetOf(ledger)).toEqual([
        "192.0.2.1 3600",
        "192.0.2.2 3600",
        "198.51.100.1 3600",
      ]);

      const adopted = staging.adopt(positionOf("reputation", 9, "e2"), NOW);

      expect(adopted).toMatchObject({ revision: 3, banned: 3 });
      expect(rulesetOf(ledger)).toEqual([
        "192.0.2.2 3600",
        "192.0.2.3 3600",
        "192.0.2.4 60",
        "198.51.100.1 3600",
      ]);
      expect(ledger.position("reputation")).toEqual(
        positionOf("reputation", 9, "e2"),
      );
      expect(ledger.outcomes(1)).toMatchObject([
        { kind: "snapshot", banned: 3 },
      ]);
    });

    it("makes only what differs dirty", () => {
      adoptNext(ledger, "reputation", [
        ban("192.0.2.1"),
        ban("192.0.2.2"),
        ban("192.0.2.3"),
        ban("192.0.2.4", 60, { held: "wide" }),
        ban("192.0.2.5"),
      ]);
      recordNext(ledger, "urgent", [ban("192.0.2.1", 60)]);

      const { convergence } = adoptNext(ledger, "reputation", [
        ban("192.0.2.2"),
        ban("192.0.2.3", 60),
        ban("192.0.2.4", 60),
        ban("192.0.2.5", 3600, { held: "wide" }),
        ban("192.0.2.6"),
      ]);

      expect(convergence).toBe("replay");
      expect(changes(2)).toEqual([
        "@3 +192.0.2.1 60 +192.0.2.3 60 +192.0.2.4 60 +192.0.2.6 3600 -192.0.2.5",
      ]);
    });

    it("has the kernel rebuilt when most of it differs", () => {
      const { convergence } = adoptNext(
        ledger,
        "reputation",
        Array.from({ length: 10_001 }, (_, i) =>
          ban(`192.0.${i >> 8}.${i & 255}`),
        ),
      );
      expect(convergence).toBe("rebuild");
      expect(changes(0)).toEqual(["rebuild"]);
      expect(changes(1)).toEqual([]);
    });

    it("is compared a slice at a time, while other feeds go on", () => {
      const many = Array.from({ length: 25_000 }, (_, i) =>
        ban(`192.0.${i >> 8}.${i & 255}`),
      );
      adoptNext(ledger, "reputation", many);
      const staging = ledger.stage("reputation");
      staging.add(many.slice(1), NOW);
      let slices = 0;
      do recordNext(ledger, "urgent", [ban(`198.51.100.${++slices}`)]);
      while (staging.compare(NOW));
      staging.adopt(positionOf("reputation", 2), NOW);

      expect(slices).toBeGreaterThan(4);
      expect(changes(slices + 1)).toEqual([`@${slices + 2} -192.0.0.0`]);
    });

    it("reports held and expired bans, and stores none of the expired", () => {
      const adopted = adoptNext(ledger, "reputation", [
        ban("192.0.2.1"),
        ban("192.0.2.2", 0),
        ban("10.0.0.0/8", 60, { held: "protected" }),
      ]);
      expect(adopted).toMatchObject({ banned: 1, expired: 1, heldTotal: 1 });
      expect(ledger.counts()).toEqual([
        { feed: "reputation", bans: 2, held: 1, observed: 0 },
      ]);
    });

    it("counts a range that comes twice the first time", () => {
      const twice = [ban("192.0.2.1", 60), ban("192.0.2.1", 90)];
      expect(adoptNext(ledger, "reputation", twice).banned).toBe(1);
      expect(rulesetOf(ledger)).toEqual(["192.0.2.1 60"]);
    });

    it("is followed by the segments after it", () => {
      adoptNext(ledger, "reputation", [ban("192.0.2.1"), ban("192.0.2.2")]);
      recordNext(ledger, "reputation", [lift("192.0.2.1")]);
      expect(rulesetOf(ledger)).toEqual(["192.0.2.2 3600"]);
    });
  });

  describe("a snapshot that can't be adopted", () => {
    it("gives way to the feed that moved on meanwhile", () => {
      const staging = ledger.stage("urgent");
      staging.add([ban("192.0.2.1")], NOW);
      recordNext(ledger, "urgent", [ban("192.0.2.2")]);

      expect(() => staging.adopt(positionOf("urgent", 1), NOW)).toThrow(
        StagingOvertaken,
      );
      expect(rulesetOf(ledger)).toEqual(["192.0.2.2 3600"]);
    });

    it("never takes a feed back in its epoch", () => {
      recordNext(ledger, "urgent", []);
      recordNext(ledger, "urgent", [ban("192.0.2.2")]);
      const staging = ledger.stage("urgent");
      expect(() => staging.adopt(positionOf("urgent", 1), NOW)).toThrow(
        OutOfOrder,
      );
      expect([ledger.revision(), rulesetOf(ledger)]).toEqual([
        2,
        ["192.0.2.2 3600"],
      ]);
    });

    it("is dropped by the next one of its feed, by its end, and by a restart", () => {
      const first = ledger.stage("urgent");
      const second = ledger.stage("urgent");
      const other = ledger.stage("reputation");
      expect(() => first.add([], NOW)).toThrow(StagingEnded);
      second.discard();
      second.discard();
      expect(() => second.adopt(positionOf("urgent", 1), NOW)).toThrow(
        StagingEnded,
      );
      other.adopt(positionOf("reputation", 1), NOW);
      other.discard();
      expect(() => other.adopt(positionOf("reputation", 2), NOW)).toThrow(
        StagingEnded,
      );
      ledger.stage("urgent").add([ban("192.0.2.1")], NOW);
      ledger = folder.open();
      expect(ledger.counts()).toEqual([
        { feed: "reputation", bans: 0, held: 0, observed: 0 },
      ]);
      expect(rulesetOf(ledger)).toEqual([]);
    });

    it("is told apart from a snapshot of another feed", () => {
      expect(() =>
        ledger.stage("urgent").adopt(positionOf("local", 1), NOW),
      ).toThrow(TypeError);
    });
  });
});
