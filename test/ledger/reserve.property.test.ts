import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { LedgerFull } from "../../agent/ledger/damage.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import {
  ban,
  lift,
  LedgerFolder,
  NOW,
  recordNext,
} from "../support/agent/ledger.js";

/** A file that may grow no further stands for a disk that is full. */
const MOST_BYTES = 2 * 1024 ** 2;

/** However much else was tried before, so many are taken. */
const LIFTS = 50;
const ORDERS = 50;

const range = (i: number) =>
  `20.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

type Step =
  | {
      readonly kind: "bans";
      readonly feed: "urgent" | "reputation" | "local";
      readonly count: number;
    }
  | { readonly kind: "purge" }
  | { readonly kind: "look" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("bans" as const),
    feed: fc.constantFrom("urgent", "reputation", "local"),
    count: fc.constantFrom(1, 64, 2_000),
  }),
  fc.constant({ kind: "purge" as const }),
  fc.constant({ kind: "look" as const }),
);

describe("the reserve of a full ledger", () => {
  it("takes lifts and the operator's orders, whatever was tried before", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        using folder = new LedgerFolder();
        const ledger = folder.open({ mostBytes: MOST_BYTES });
        recordNext(ledger, "urgent", bans(0, LIFTS));
        let next = LIFTS;
        for (const feed of ["reputation", "urgent", "local"] as const) {
          next = untilRefused(ledger, feed, next);
        }
        for (const each of steps) next = take(ledger, each, next);
        for (let i = 0; i < LIFTS; i++) {
          const { lifted } = recordNext(ledger, "urgent", [lift(range(i))]);
          expect(lifted).toBe(1);
        }
        for (let i = 0; i < ORDERS; i++) {
          ledger.overrides.note({ at: NOW, who: "root", what: `order ${i}` });
          ledger.setMode(i % 2 === 0 ? "observe" : "enforce");
          expect(ledger.storage().untilRestart).toEqual([]);
        }
        const again = folder.open({ mostBytes: MOST_BYTES });
        expect(again.mode()).toBe("enforce");
        expect(again.overrides.orders(1)[0]?.what).toBe(`order ${ORDERS - 1}`);
      }),
      { numRuns: 4 },
    );
  });
});

const bans = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ban(range(from + i)));

/** Bans of a feed in ever smaller segments, until not even one is taken. */
function untilRefused(
  ledger: Ledger,
  feed: "urgent" | "reputation" | "local",
  from: number,
): number {
  let next = from;
  for (let count = 2_048; count >= 1;) {
    if (taken(ledger, feed, bans(next, count))) next += count;
    else count = Math.floor(count / 4);
    if (next - from > 100_000) throw new Error("the ledger has no end");
  }
  return next;
}

function take(ledger: Ledger, each: Step, next: number): number {
  if (each.kind === "look") ledger.look();
  else if (each.kind === "purge") while (ledger.purge(NOW, 2_000));
  else if (taken(ledger, each.feed, bans(next, each.count))) {
    return next + each.count;
  }
  return next;
}

/** A segment is taken as a whole, or leaves everything as it was. */
function taken(
  ledger: Ledger,
  feed: "urgent" | "reputation" | "local",
  ops: ReturnType<typeof bans>,
): boolean {
  const before = [ledger.revision(), ledger.position(feed)];
  try {
    recordNext(ledger, feed, ops);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(LedgerFull);
    expect([ledger.revision(), ledger.position(feed)]).toEqual(before);
    return false;
  }
}
