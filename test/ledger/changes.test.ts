import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Ledger } from "../../agent/ledger/ledger.js";
import {
  adoptNext,
  ban,
  LedgerFolder,
  lift,
  NOW,
  positionOf,
  recordNext,
  tellChange,
} from "../support/agent/ledger.js";

describe("the changes of the ruleset", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  const changes = (since: number, { limit = 100, now = NOW } = {}) =>
    [...ledger.changesSince(since, limit, () => now)].map(tellChange);

  describe("what a kernel must be told", () => {
    it("is nothing when it is up to date", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1")]);
      expect(changes(1)).toEqual([]);
    });

    it("is the present state of every range that changed since", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);
      recordNext(ledger, "reputation", [ban("192.0.2.1", 7200)]);
      recordNext(ledger, "urgent", [lift("192.0.2.1"), lift("192.0.2.2")]);
      expect(changes(0)).toEqual(["@3 +192.0.2.1 7200 -192.0.2.2"]);
      expect(changes(2)).toEqual(["@3 +192.0.2.1 7200 -192.0.2.2"]);
    });

    it("is only a new revision when nothing changed for it", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1", 60, { reason: "scan" })]);
      recordNext(ledger, "urgent", [
        ban("192.0.2.1", 60, { reason: "brute force" }),
        ban("10.0.0.0/8", 60, { held: "wide" }),
        lift("192.0.2.9"),
      ]);
      expect(changes(1)).toEqual(["@2"]);
    });

    it("is a removal when a ban has run out, or is held now", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1", 60), ban("192.0.2.2")]);
      recordNext(ledger, "urgent", [ban("192.0.2.2", 3600, { held: "wide" })]);
      expect(changes(0, { now: NOW + 60 })).toEqual([
        "@2 -192.0.2.1 -192.0.2.2",
      ]);
    });

    it("comes in slices, labelled with what is complete after each", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);
      recordNext(ledger, "urgent", [ban("192.0.2.3"), ban("192.0.2.4")]);
      recordNext(ledger, "urgent", [ban("192.0.2.5")]);
      expect(changes(0, { limit: 3 })).toEqual([
        "@1 +192.0.2.1 3600 +192.0.2.2 3600 +192.0.2.3 3600",
        "@3 +192.0.2.4 3600 +192.0.2.5 3600",
      ]);
    });

    it("takes in what is recorded between two slices", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);
      const told: string[] = [];
      for (const change of ledger.changesSince(0, 1, () => NOW)) {
        if (told.length === 0)
          recordNext(ledger, "urgent", [lift("192.0.2.1")]);
        told.push(tellChange(change));
      }
      expect(told).toEqual([
        "@0 +192.0.2.1 3600",
        "@0 +192.0.2.2 3600",
        "@1 -192.0.2.1",
        "@2",
      ]);
    });
  });

  describe("a kernel that can't be brought up to date", () => {
    it("is rebuilt when the ledger knows nothing of its revision", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1")]);
      expect(changes(2)).toEqual(["rebuild"]);
    });

    it("is rebuilt when it is older than one that was enforced", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1")]);
      recordNext(ledger, "urgent", [ban("192.0.2.2")]);
      ledger.enforced(2);
      expect(changes(1)).toEqual(["@2 +192.0.2.2 3600"]);

      recordNext(ledger, "urgent", [ban("192.0.2.3")]);

      expect(changes(1)).toEqual(["rebuild"]);
      expect(changes(2)).toEqual(["@3 +192.0.2.3 3600"]);
      ledger = folder.open();
      expect(changes(1)).toEqual(["rebuild"]);
      expect(changes(2)).toEqual(["@3 +192.0.2.3 3600"]);
    });

    it("hears so in the middle of a replay that a snapshot made useless", () => {
      recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);
      const told: string[] = [];
      for (const change of ledger.changesSince(0, 1, () => NOW)) {
        if (told.length === 0)
          adoptNext(ledger, "reputation", manyBans(10_001));
        told.push(tellChange(change));
      }
      expect(told).toEqual(["@0 +192.0.2.1 3600", "rebuild"]);
    });

    it("is rebuilt, not replayed, when the history grew longer than the ledger", () => {
      for (let i = 0; i < 21; i++) {
        const ops = manyBans(10_000, i * 10_000);
        const position = positionOf("urgent", i + 1);
        ledger.record({ position, ops, now: NOW });
      }
      expect(changes(20, { limit: 20_000 })).toHaveLength(1);
      while (ledger.purge(NOW, 50_000));
      expect(changes(20)).toEqual(["rebuild"]);
      expect(changes(21)).toEqual([]);
    });
  });
});

const manyBans = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return ban(`100.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
  });
