import { statSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import {
  ALLOWED_BY_POLICY,
  HELD_BY_POLICY,
  isOfPolicy,
} from "../../agent/guard/guard.js";
import {
  MOST_ALLOWED,
  MOST_HELD,
  MOST_WAITING,
} from "../../agent/ledger/held.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { NOT_KEPT } from "../../agent/ledger/reasons.js";
import type { JudgedBan } from "../../agent/ledger/review.js";
import { RING_WAITS } from "../../agent/model/rings.js";
import type { ReviewedBanOp } from "../../agent/model/reviewed.js";
import {
  adoptNext,
  ban,
  lift,
  LedgerFolder,
  NOW,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";

const DAY_S = 86_400;
const rangeOf = (i: number) => `20.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

/** As many held bans of one rule as a segment may have, each with its reason. */
const held = (
  from: number,
  rule = "lives-too-long",
): readonly ReviewedBanOp[] =>
  Array.from({ length: 4_096 }, (_, i) =>
    ban(rangeOf(from + i), 9_999 * DAY_S, {
      held: rule,
      reason: `${from + i} ${"r".repeat(240)}`,
    }),
  );

/** The rule that a policy had no part in. */
const ruleOf = ({ held }: JudgedBan) => (isOfPolicy(held) ? undefined : held);

const purgeAll = (ledger: Ledger, now: number) => {
  while (ledger.purge(now, 2_000));
};

describe("held bans", () => {
  it("are remembered up to a bound, and only counted beyond it", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const told: number[] = [];
    for (let n = 0; n < 5; n++) {
      const rule = n % 2 === 0 ? "lives-too-long" : "private-range";
      told.push(recordNext(ledger, "urgent", held(n * 4_096, rule)).heldTotal);
    }
    expect(new Set(told)).toEqual(new Set([4_096]));
    const [counts] = ledger.counts();
    expect(counts).toMatchObject({ feed: "urgent", held: MOST_HELD });
    const unkept = ledger.unkept();
    expect(unkept.map(({ rule }) => rule)).toEqual([
      "lives-too-long",
      "private-range",
    ]);
    const sum = unkept.reduce((total, { bans }) => total + bans, 0);
    expect(sum).toBe(5 * 4_096 - MOST_HELD);
    folder.close();
    expect(statSync(folder.path).size).toBeLessThan(48 * 1024 ** 2);
  });

  it("of a snapshot are bounded likewise, and begin to count anew with each", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const bans = [0, 4_096, 8_192].flatMap((from) => [...held(from)]);
    expect(adoptNext(ledger, "reputation", bans).heldTotal).toBe(12_288);
    expect(ledger.unkept()).toEqual([
      { feed: "reputation", rule: "lives-too-long", bans: 2_288 },
    ]);
    adoptNext(ledger, "reputation", [ban("192.0.2.1")]);
    expect(ledger.unkept()).toEqual([]);
  });

  it("make room when they are lifted", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    for (const from of [0, 4_096, 8_192]) {
      recordNext(ledger, "urgent", held(from));
    }
    const lifts = held(0).map((_, i) => lift(rangeOf(i)));
    recordNext(ledger, "urgent", lifts);
    recordNext(ledger, "urgent", held(20_000).slice(0, 10));
    expect(ledger.counts()[0]?.held).toBe(MOST_HELD - 4_096 + 10);
  });

  it("have their room beside those that wait for this host's ring", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    for (const from of [0, 4_096, 8_192, 12_288]) {
      recordNext(ledger, "urgent", held(from, RING_WAITS));
    }
    for (const from of [20_480, 24_576, 28_672]) {
      recordNext(ledger, "urgent", held(from));
    }
    expect(ledger.allHeld()).toEqual({
      held: 4 * 4_096 + MOST_HELD,
      waiting: 4 * 4_096,
      allowed: 0,
    });
    expect(ledger.unkept()).toEqual([
      { feed: "urgent", rule: "lives-too-long", bans: 3 * 4_096 - MOST_HELD },
    ]);
  });

  it("come back after the policy that holds or allows them, however many others are held", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    for (const from of [0, 4_096, 8_192]) {
      recordNext(ledger, "urgent", held(from));
    }
    const was = ["192.0.2.1", "192.0.2.2"];
    recordNext(ledger, "urgent", [...was.map((each) => ban(each))]);
    const renewed = [
      ban("192.0.2.1", 60, { held: HELD_BY_POLICY }),
      ban("192.0.2.2", 60, { held: ALLOWED_BY_POLICY }),
    ];
    const guard = { digest: 0, holdingRule: (ban: JudgedBan) => ruleOf(ban) };
    const backAfter = (digest: number) => {
      while (ledger.reviewAgain({ ...guard, digest }, 4_096, NOW));
      return rulesetOf(ledger);
    };
    recordNext(ledger, "urgent", renewed);
    expect(rulesetOf(ledger)).toEqual([]);
    expect(backAfter(1)).toEqual(was.map((each) => `${each} 60`));
    const others = [0, 4_096, 8_192].flatMap((from) => [...held(from)]);
    adoptNext(ledger, "urgent", [...others, ...renewed]);
    expect(backAfter(2)).toEqual(was.map((each) => `${each} 60`));
  });

  it("are of what a policy allows up to a bound of its own", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const bans = Array.from({ length: MOST_ALLOWED + 5 }, (_, i) =>
      ban(rangeOf(i), 60, { held: ALLOWED_BY_POLICY }),
    );
    adoptNext(ledger, "reputation", [...bans, ...held(300_000)]);
    recordNext(ledger, "reputation", [
      ban("192.0.2.1", 60, { held: ALLOWED_BY_POLICY }),
      ban("192.0.2.2", 60, { held: HELD_BY_POLICY }),
    ]);
    expect(ledger.allHeld()).toEqual({
      held: MOST_ALLOWED + 4_096 + 1,
      ...{ waiting: 0, allowed: MOST_ALLOWED },
    });
    expect(ledger.unkept()).toEqual([
      { feed: "reputation", rule: ALLOWED_BY_POLICY, bans: 6 },
    ]);
  });

  it("wait for this host's ring up to a bound, and are only counted beyond it", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const bans = Array.from({ length: MOST_WAITING + 5 }, (_, i) =>
      ban(rangeOf(i), 60, { held: RING_WAITS }),
    );
    adoptNext(ledger, "reputation", [...bans, ...held(300_000)]);
    recordNext(ledger, "reputation", [
      ban("192.0.2.1", 60, { held: RING_WAITS }),
    ]);
    expect(ledger.allHeld()).toEqual({
      held: MOST_WAITING + 4_096,
      waiting: MOST_WAITING,
      allowed: 0,
    });
    expect(ledger.unkept()).toEqual([
      { feed: "reputation", rule: RING_WAITS, bans: 6 },
    ]);
  });

  it("take what is in force off its range, stored or not", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    for (const from of [0, 4_096, 8_192]) {
      recordNext(ledger, "urgent", held(from));
    }
    recordNext(ledger, "urgent", [ban("192.0.2.1", 60, { held: "own" })]);
    const [cidr] = [ban("192.0.2.1").cidr];
    expect(ledger.effective(cidr, NOW)).toEqual([]);
  });

  it("that have no end are forgotten once they have waited as long as a ban may live", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    recordNext(ledger, "urgent", [
      ban("192.0.2.1", 9_999 * DAY_S, { held: "lives-too-long" }),
      ban("192.0.2.2", 400 * DAY_S),
    ]);
    purgeAll(ledger, NOW + 364 * DAY_S);
    expect(ledger.counts()[0]).toMatchObject({ bans: 2, held: 1 });
    purgeAll(ledger, NOW + 366 * DAY_S);
    expect(ledger.counts()[0]).toMatchObject({ bans: 1, held: 0 });
  });
});

describe("reasons", () => {
  it("of one feed take up a bounded room, and leave others theirs", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    for (let n = 0; n < 9; n++) {
      const bans = held(n * 4_096).map(({ held: _, ...each }) => each);
      recordNext(ledger, "urgent", bans as readonly ReviewedBanOp[]);
    }
    recordNext(ledger, "reputation", [
      ban("192.0.2.1", 60, { reason: "known to scan" }),
    ]);
    const [listed] = ledger.list({ feed: "reputation", limit: 1 }, NOW);
    expect(listed?.reason).toBe("known to scan");
    const last = ledger.bansOn(ban(rangeOf(9 * 4_096 - 1)).cidr, NOW);
    expect(last[0]?.reason).toBe(NOT_KEPT);
    const first = ledger.bansOn(ban(rangeOf(0)).cidr, NOW);
    expect(first[0]?.reason).toMatch(/^0 r/);
  });

  it("that nobody gives any more make room", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const short = (n: number) =>
      held(n * 4_096).map(({ cidr, reason }) => ({
        ...ban("192.0.2.1", 60, { reason }),
        cidr,
      }));
    for (let n = 0; n < 8; n++) recordNext(ledger, "urgent", short(n));
    purgeAll(ledger, NOW + 61);
    recordNext(ledger, "urgent", [
      ban("192.0.2.9", 3_600, { reason: "another reason" }),
    ]);
    const [listed] = ledger.list({ limit: 1 }, NOW + 61);
    expect(listed?.reason).toBe("another reason");
  });
});

describe("a day of changes", () => {
  it("is bounded at whatever rate they come", () => {
    using folder = new LedgerFolder();
    const ledger = folder.open();
    const bans = Array.from({ length: 4_096 }, (_, i) => ban(rangeOf(i)));
    const lifts = bans.map((_, i) => lift(rangeOf(i)));
    for (let n = 0; n < 62; n++) {
      recordNext(ledger, "urgent", n % 2 === 0 ? bans : lifts);
    }
    const rows = Number(folder.column("SELECT count(*) FROM history"));
    expect(rows).toBeLessThan(200_000 + 2 * 4_096);
    expect(statSync(folder.path).size).toBeLessThan(48 * 1024 ** 2);
  });
});
