import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Ledger } from "../../agent/ledger/ledger.js";
import type { Guard } from "../../agent/ledger/review.js";
import { NOT_CONFIRMED } from "../../agent/ledger/trials.js";
import { PROBE_REASON } from "../../agent/model/probe.js";
import type { ReviewedBanOp } from "../../agent/model/reviewed.js";
import {
  ban,
  LedgerFolder,
  lift,
  NOW,
  positionOf,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";

const WEEK = 7 * 86_400;

/** A list that takes so many segments, all but the last of them full. */
const listOf = (bans: number, reason = "firehol") =>
  Array.from({ length: bans }, (_, i) =>
    ban(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 3_600, { reason }),
  );

describe("orders in the history", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  /** As a cloud sends one decision: cut where segments are full, dated alike. */
  const decide = (ops: readonly ReviewedBanOp[], issuedAt = NOW * 1_000) => {
    for (let at = 0; at < ops.length; at += 4_096) {
      const batch = ops.slice(at, at + 4_096);
      const { offset = 0 } = ledger.position("urgent") ?? {};
      const position = positionOf("urgent", offset + batch.length);
      ledger.record({
        position: { ...position, issuedAt },
        ops: batch,
        now: NOW,
      });
    }
  };
  const listed = () =>
    ledger.overrides
      .history(99)
      .map(({ id, last, banned, reason }) => ({ id, last, banned, reason }));
  const terms = (revision: number, more: object = {}) => ({
    ...{ revision, now: NOW, until: NOW + WEEK, spareOwn: true },
    ...{ guardedBy: () => undefined, ...more },
  });

  it("one decision is one order, however many segments it took", () => {
    decide(listOf(9_000));
    expect(listed()).toEqual([
      { id: 1, last: 3, banned: 9_000, reason: "firehol" },
    ]);
    expect(ledger.overrides.reach().last).toBe(0);
    expect(ledger.overrides.rollBack(terms(0))).toMatchObject({
      withheld: 9_000,
    });
    expect(rulesetOf(ledger, NOW, 9_999)).toEqual([]);
    expect(ledger.overrides.undoRollbacks(NOW).withheld).toBe(9_000);
    expect(rulesetOf(ledger, NOW, 9_999)).toHaveLength(9_000);
  });

  it("two decisions of one moment, one reason and one feed are two orders", () => {
    decide(listOf(1));
    decide([ban("192.0.2.1", 60, { reason: "firehol" })]);
    expect(listed().map(({ id }) => id)).toEqual([2, 1]);
  });

  it("a full segment of another date begins another order", () => {
    decide(listOf(4_096));
    decide(listOf(10), NOW * 1_000 + 1);
    expect(listed().map(({ id, banned }) => [id, banned])).toEqual([
      [2, 10],
      [1, 4_096],
    ]);
  });

  it("an order goes on over what other feeds say in between", () => {
    const list = listOf(4_100);
    decide(list.slice(0, 4_096));
    recordNext(ledger, "org/acme", [ban("192.0.2.1")]);
    decide(list.slice(4_096));
    expect(listed().map(({ id, last }) => [id, last])).toEqual([
      [2, 2],
      [1, 3],
    ]);
  });

  it("what this host bans by itself is neither the newest order nor taken back with one", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    recordNext(ledger, "local", [ban("192.0.2.7")]);
    const proof = ban("192.0.2.254", 60, { reason: PROBE_REASON });
    recordNext(ledger, "local", [proof]);
    expect(listed().map(({ id }) => id)).toEqual([2, 1]);
    expect(ledger.overrides.reach().last).toBe(0);
    ledger.overrides.rollBack(terms(0));
    expect(rulesetOf(ledger)).toEqual(["192.0.2.7 3600", "192.0.2.254 60"]);
  });

  it("an order that came back with an undo is the newest again", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    recordNext(ledger, "urgent", [ban("192.0.2.2")]);
    ledger.overrides.rollBack(terms(1));
    expect(ledger.overrides.reach().last).toBe(0);
    ledger.overrides.undoRollbacks(NOW);
    expect(ledger.overrides.reach().last).toBe(1);
  });

  it("a dry run says what would come of it, and changes nothing", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);
    recordNext(ledger, "urgent", [lift("192.0.2.1"), ban("192.0.2.3")]);
    const before = [ledger.revision(), rulesetOf(ledger)];
    const dry = ledger.overrides.rollBack(terms(1, { dryRun: true }));
    expect(dry).toMatchObject({ withheld: 1, putBack: 1 });
    expect([ledger.revision(), rulesetOf(ledger)]).toEqual(before);
    const { withheld, putBack } = ledger.overrides.rollBack(terms(1));
    expect({ withheld, putBack }).toEqual({ withheld: 1, putBack: 1 });
  });

  it("a rollback that was cut off is gone on with after a restart", () => {
    recordNext(ledger, "urgent", listOf(1_000));
    const run = ledger.overrides.goBack(terms(0));
    while (run.progress.done === 0) run.step();
    expect(run.progress).toEqual({ done: 250, of: 1_000 });
    expect(rulesetOf(ledger, NOW, 9_999)).toHaveLength(750);

    ledger = folder.open();
    const judged = { now: NOW, guardedBy: () => undefined };
    const rest = ledger.overrides.goOnBack(judged);
    while (rest?.step() === true);
    expect(rest?.result.withheld).toBe(750);
    expect(rulesetOf(ledger, NOW, 9_999)).toEqual([]);
    expect(ledger.overrides.withheld(NOW)).toEqual({
      ...{ ranges: 1_000, to: 0, until: NOW + WEEK },
    });
    expect(ledger.overrides.goOnBack(judged)).toBeUndefined();
  });

  it("feeds go on while a rollback is under way, and it takes no more than it said", () => {
    recordNext(ledger, "urgent", listOf(600));
    using run = ledger.overrides.goBack(terms(0));
    while (run.progress.done === 0) run.step();
    recordNext(ledger, "urgent", [ban("192.0.2.9")]);
    while (run.step());
    expect(rulesetOf(ledger)).toEqual(["192.0.2.9 3600"]);
    const [rolled, ...others] = ledger.overrides.history(9);
    expect([rolled?.cause, others.length]).toEqual(["segment", 2]);
    const orders = ledger.overrides.history(9).map(({ cause }) => cause);
    expect(orders.filter((cause) => cause === "rollback")).toHaveLength(1);
  });

  it("keeps the newest order whole, though it is more than is kept of others", () => {
    decide(listOf(210_000));
    const segments = Math.ceil(210_000 / 4_096);
    expect(listed()).toMatchObject([{ id: 1, last: segments }]);
    recordNext(ledger, "urgent", []);
    expect(ledger.overrides.reach()).toEqual({ from: 0, last: 0 });
  });

  it("an order remembers how it ended", () => {
    const order = { at: NOW, who: "uid 0", what: "rollback to 9" };
    const ended = ledger.overrides.note(order);
    expect(ledger.overrides.orders(1)).toEqual([{ ...order, outcome: null }]);
    ended("refused: no such revision");
    expect(ledger.overrides.orders(1)).toMatchObject([
      { outcome: "refused: no such revision" },
    ]);
  });
});

describe("confirming", () => {
  it("looks at nothing but what a trial took back", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const held = { held: NOT_CONFIRMED };
    recordNext(ledger, "urgent", listOf(20_000));
    recordNext(ledger, "org/acme", [
      ...["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((each) =>
        ban(each, 3_600, held),
      ),
      ban("192.0.2.4", 3_600, { held: "too-wide" }),
    ]);
    let looked = 0;
    const guard: Guard = {
      digest: 1,
      holdingRule: ({ cidr }) => {
        looked++;
        return cidr.address[3] === 3 ? "entries-limit" : undefined;
      },
    };
    const one = ledger.unconfirmed.confirm(guard, ban("192.0.2.2").cidr);
    while (one.step(1, NOW));
    expect(one.confirmed).toEqual({ confirmed: 1, held: new Map() });
    const all = ledger.unconfirmed.confirm(guard, undefined);
    while (all.step(1, NOW));
    expect(all.confirmed).toEqual({
      ...{ confirmed: 1, held: new Map([["entries-limit", 1]]) },
    });
    expect(looked).toBe(3);
    expect(rulesetOf(ledger, NOW, 99_999)).toHaveLength(20_002);
  });
});
