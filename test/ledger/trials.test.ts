import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Ledger } from "../../agent/ledger/ledger.js";
import type { Guard } from "../../agent/ledger/review.js";
import type { TrialTerms } from "../../agent/ledger/trials.js";
import type { FeedName } from "../../agent/model/position.js";
import type { ReviewedBanOp } from "../../agent/model/reviewed.js";
import {
  adoptNext,
  ban,
  lift,
  LedgerFolder,
  NOW,
  positionOf,
  recordNext,
  rulesetOf,
  tellChange,
} from "../support/agent/ledger.js";

/** Two bans at once are tried, and whatever is shorter than a /24. */
const TERMS: TrialTerms = {
  seconds: 90,
  mostAtOnce: 1,
  isWide: ({ prefix }) => prefix < 24,
};

describe("a change that is large or wide", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  const segment = (
    bans: readonly ReviewedBanOp[],
    feed: FeedName = "urgent",
  ) => {
    const offset = (ledger.position(feed)?.offset ?? 0) + bans.length;
    const position = positionOf(feed, offset);
    return ledger.record({ position, ops: bans, now: NOW, trial: TERMS });
  };
  const snapshot = (
    bans: readonly ReviewedBanOp[],
    feed: FeedName = "urgent",
  ) => {
    const staging = ledger.stage(feed, { trial: TERMS });
    staging.add(bans, NOW);
    const offset = (ledger.position(feed)?.offset ?? 0) + 1;
    return staging.adopt(positionOf(feed, offset), NOW);
  };
  const changes = (since: number, now = NOW) =>
    [...ledger.changesSince(since, 9, () => now)].map(tellChange);
  const ids = () => ledger.trials().map(({ id }) => id);
  /** Shows every ban to a guard that holds what it is told to hold. */
  const review = (guard: Partial<Guard> = {}) => {
    const keeping: Guard = { digest: 7, holdingRule: ({ held }) => held };
    while (ledger.reviewAgain({ ...keeping, ...guard }, 2, NOW));
  };
  const held = () =>
    ledger.held({ limit: 9 }, NOW).map(({ held: rule }) => rule);

  it("is in force for as long as its trial lasts", () => {
    segment([ban("192.0.2.1"), ban("192.0.2.2", 60)]);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 90", "192.0.2.2 60"]);
    expect(changes(0)).toEqual(["@1 +192.0.2.1 90 +192.0.2.2 60"]);
    expect(rulesetOf(ledger, NOW + 90)).toEqual([]);
    expect(ledger.trials()).toEqual([
      {
        id: 1,
        feed: "urgent",
        revision: 1,
        bans: 2,
        began: NOW,
        until: NOW + 90,
        tries: 1,
      },
    ]);
  });

  it("is one wide ban, and not one narrow ban", () => {
    segment([ban("192.0.2.0/24")]);
    expect(ledger.trials()).toEqual([]);
    segment([ban("198.51.0.0/16")]);
    expect(rulesetOf(ledger)).toEqual([
      "192.0.2.0/24 3600",
      "198.51.0.0/16 90",
    ]);
  });

  it("stays as it was ordered once it has passed", () => {
    segment([ban("192.0.2.1"), ban("192.0.2.2")]);
    ledger.settle(ids(), "passed");
    expect(changes(1)).toEqual(["@2 +192.0.2.1 3600 +192.0.2.2 3600"]);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600", "192.0.2.2 3600"]);
    expect(ledger.trials()).toEqual([]);
  });

  it("is in force no longer once it has failed, and held", () => {
    segment([ban("203.0.113.1")]);
    segment([ban("192.0.2.1"), ban("192.0.2.2")]);
    ledger.settle(ids(), "failed");
    expect(changes(2)).toEqual(["@3 -192.0.2.1 -192.0.2.2"]);
    expect(rulesetOf(ledger)).toEqual(["203.0.113.1 3600"]);
    review();
    expect(held()).toEqual(["not-confirmed", "not-confirmed"]);
    expect(ledger.counts()).toEqual([
      { feed: "urgent", bans: 3, held: 2, observed: 0 },
    ]);
    expect(ledger.revision()).toBe(3); // the kernel has heard of it already
  });

  it("costs no more memory, however many others are open", () => {
    const many = (net: number): ReviewedBanOp[] =>
      Array.from({ length: 5_000 }, (_, i) =>
        ban(`10.${net}.${i >> 8}.${i & 255}`),
      );
    for (let net = 0; net < 4; net++) segment(many(net));
    segment([ban("192.0.2.1"), ban("192.0.2.2")]);
    const [first = 0, ...others] = ids();
    const remembered = [...ledger.changesSince(5, 9_999, () => NOW)];
    expect(remembered).toEqual([]);
    ledger.settle([others.at(-1) ?? 0], "passed");
    // Which two it was of is not known any more, so all are told anew.
    expect([...ledger.changesSince(5, 9_999, () => NOW)]).toEqual(["rebuild"]);
    const at = ledger.revision();
    ledger.settle([first], "passed");
    const told = [...ledger.changesSince(at, 9_999, () => NOW)];
    expect(told).not.toContain("rebuild");
  });

  it("decides for a whole snapshot by one number, whatever its size", () => {
    snapshot([ban("192.0.2.1"), ban("192.0.2.2")]);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 90", "192.0.2.2 90"]);
    ledger.settle(ids(), "failed");
    expect(rulesetOf(ledger)).toEqual([]);
    review();
    expect(held()).toEqual(["not-confirmed", "not-confirmed"]);
  });

  it("is no snapshot that brings little that is new", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);
    snapshot([ban("192.0.2.1"), ban("192.0.2.2"), ban("192.0.2.3")]);
    expect(ledger.trials()).toEqual([]);
    expect(rulesetOf(ledger)).toHaveLength(3);
    expect(rulesetOf(ledger)).not.toContain("192.0.2.3 90");
    review();
    expect(rulesetOf(ledger)).toHaveLength(3);
  });

  it("goes on being tried in a snapshot that comes meanwhile", () => {
    segment([ban("192.0.2.1"), ban("192.0.2.2")]);
    snapshot([ban("192.0.2.1"), ban("192.0.2.2"), ban("192.0.2.3")]);
    expect(rulesetOf(ledger)).toEqual([
      "192.0.2.1 90",
      "192.0.2.2 90",
      "192.0.2.3 3600",
    ]);
    ledger.settle(ids(), "failed");
    expect(rulesetOf(ledger)).toEqual(["192.0.2.3 3600"]);
  });

  it.each([
    ["before its bans were told", false],
    ["after", true],
  ])("that failed stays held when ordered again, %s", (_when, isTold) => {
    segment([ban("192.0.2.1"), ban("192.0.2.2")]);
    ledger.settle(ids(), "failed");
    if (isTold) review();
    segment([ban("192.0.2.1", 7200)]);
    snapshot([ban("192.0.2.1"), ban("192.0.2.2")]);
    expect(rulesetOf(ledger)).toEqual([]);
    review({ digest: 8 });
    expect(held()).toEqual(["not-confirmed", "not-confirmed"]);
  });

  it("that failed is tried anew once it was lifted", () => {
    segment([ban("198.51.0.0/16")]);
    ledger.settle(ids(), "failed");
    recordNext(ledger, "urgent", [lift("198.51.0.0/16")]);
    segment([ban("198.51.0.0/16")]);
    expect(rulesetOf(ledger)).toEqual(["198.51.0.0/16 90"]);
  });

  it("can be released by whoever judges otherwise", () => {
    segment([ban("198.51.0.0/16")]);
    ledger.settle(ids(), "failed");
    review();
    review({ digest: 8, holdingRule: () => undefined });
    expect(rulesetOf(ledger)).toEqual(["198.51.0.0/16 3600"]);
  });

  it("is what a guard releases, when that is wide or much", () => {
    const wide = ban("198.51.0.0/16", 3600, { held: "needs-approval" });
    segment([wide, ban("192.0.2.1", 3600, { held: "needs-approval" })]);
    review({ holdingRule: () => undefined, trial: TERMS });
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 90", "198.51.0.0/16 90"]);
    ledger.settle(ids(), "failed");
    expect(rulesetOf(ledger)).toEqual([]);
  });

  it("survives a restart, and can be tried again", () => {
    segment([ban("192.0.2.1"), ban("192.0.2.2")]);
    ledger = folder.open();
    expect(rulesetOf(ledger, NOW + 100)).toEqual([]);
    const [id = 0] = ids();
    ledger.tryAgain(id, NOW + 200);
    expect(rulesetOf(ledger, NOW + 100)).toEqual([
      "192.0.2.1 200",
      "192.0.2.2 200",
    ]);
    expect(changes(1, NOW + 100)).toEqual(["rebuild"]);
    expect(ledger.trials()).toMatchObject([{ id, tries: 2 }]);
  });

  it("leaves no trace once every ban knows what became of it", () => {
    segment([ban("192.0.2.1"), ban("192.0.2.2")]);
    ledger.settle(ids(), "passed");
    review();
    const trialsLeft = folder.column("SELECT count(*) FROM trials");
    const bansLeft = folder.column(
      "SELECT count(*) FROM bans WHERE trial IS NOT NULL",
    );
    expect([trialsLeft, bansLeft]).toEqual([0, 0]);
  });

  it("never concerns what is held or observed", () => {
    segment([
      ban("198.51.0.0/16", 3600, { held: "too-wide" }),
      ban("203.0.0.0/16", 3600, { observed: true }),
    ]);
    expect(ledger.trials()).toEqual([]);
    adoptNext(ledger, "reputation", [ban("203.0.113.1")]);
    expect(ledger.trials()).toEqual([]);
  });
});
