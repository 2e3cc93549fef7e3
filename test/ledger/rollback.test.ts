import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Ledger } from "../../agent/ledger/ledger.js";
import type { Guard } from "../../agent/ledger/review.js";
import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import {
  adoptNext,
  ban,
  LedgerFolder,
  lift,
  NOW,
  recordNext,
  rulesetOf,
  tellChange,
} from "../support/agent/ledger.js";

const WEEK = 7 * 86_400;

describe("rolling back", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
  });
  afterEach(() => folder[Symbol.dispose]());

  const rollBack = (
    revision: number,
    { now = NOW, guardedBy = (_: Cidr): string | undefined => undefined } = {},
  ) =>
    ledger.overrides.rollBack({ revision, now, until: NOW + WEEK, guardedBy });
  const changesSince = (revision: number) =>
    [...ledger.changesSince(revision, 100, () => NOW)].map(tellChange);
  const heldRanges = () =>
    ledger
      .held({ limit: 99 }, NOW)
      .map(({ cidr, held }) => `${formatCidr(cidr)} ${held}`);

  it("leaves a sensor's ban a sensor's where it makes it last again", () => {
    const own = { ...ban("192.0.2.1", 9_000), bySensor: true };
    ledger.recordLocal([own], NOW);
    const good = ledger.revision();
    ledger.recordLocal([{ ...own, expiresAt: NOW + 60 }], NOW);
    rollBack(good);
    expect(ledger.list({ feed: "local", limit: 9 }, NOW)).toMatchObject([
      { expiresAt: NOW + 9_000, bySensor: true },
    ]);
  });

  it("withholds what came after, and puts back what was taken away", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);
    const good = ledger.revision();
    recordNext(ledger, "urgent", [lift("192.0.2.1"), ban("192.0.2.3")]);
    adoptNext(ledger, "org/acme", [ban("192.0.2.2", 9_000), ban("192.0.2.4")]);
    const before = ledger.revision();
    expect(rollBack(good)).toEqual({
      ...{ revision: before + 1, withheld: 3, putBack: 2 },
    });
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600", "192.0.2.2 3600"]);
    expect(ledger.bansOn(ban("192.0.2.1").cidr, NOW)).toMatchObject([
      { feed: "local", reason: `rolled back to revision ${good}` },
    ]);
    expect(heldRanges()).toEqual([
      "192.0.2.2 rolled-back",
      "192.0.2.4 rolled-back",
      "192.0.2.2 rolled-back",
      "192.0.2.3 rolled-back",
    ]);
    expect(changesSince(before)).toEqual([
      `@${before + 1} +192.0.2.1 3600 +192.0.2.2 3600 -192.0.2.3 -192.0.2.4`,
    ]);
  });

  it("withholds what feeds order anew for these ranges, and only that", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    rollBack(0);
    const rule = (feed: "urgent" | "local", range: string, now = NOW) =>
      ledger.overrides.withheldRuleOf(
        { feed, cidr: ban(range).cidr, held: undefined },
        now,
      );
    expect(ledger.overrides.withholds()).toBe(true);
    expect(rule("urgent", "192.0.2.1")).toBe("rolled-back");
    expect(rule("urgent", "192.0.2.0/24")).toBeUndefined();
    expect(rule("local", "192.0.2.1")).toBeUndefined();
    expect(rule("urgent", "192.0.2.1", NOW + WEEK)).toBeUndefined();
  });

  it("is taken back as a whole", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("192.0.2.2")]);
    recordNext(ledger, "urgent", [lift("192.0.2.1"), ban("192.0.2.3")]);
    const before = rulesetOf(ledger);
    rollBack(ledger.revision() - 1);
    expect(ledger.overrides.undoRollbacks(NOW)).toMatchObject({
      ...{ withheld: 1, putBack: 1 },
    });
    expect(rulesetOf(ledger)).toEqual(before);
    expect(heldRanges()).toEqual([]);
    expect(ledger.overrides.withholds()).toBe(false);
  });

  it("ends by itself", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1", 2 * WEEK)]);
    rollBack(0);
    expect(ledger.overrides.endWithholding(NOW + WEEK - 1, 9)).toBe(false);
    expect(rulesetOf(ledger)).toEqual([]);
    ledger.overrides.endWithholding(NOW + WEEK, 9);
    expect(rulesetOf(ledger)).toEqual([`192.0.2.1 ${2 * WEEK}`]);
  });

  it("has no default once there is nothing to take back", () => {
    const lastGood = () => ledger.overrides.reach().last;
    expect(lastGood()).toBeUndefined();
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    recordNext(ledger, "urgent", [ban("192.0.2.2")]);
    recordNext(ledger, "urgent", []);
    expect(lastGood()).toBe(1);
    rollBack(1);
    expect(lastGood()).toBe(0);
    rollBack(0);
    expect(lastGood()).toBeUndefined();
  });

  it("reaches back over restarts, and no further than a day", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    ledger = folder.open();
    recordNext(ledger, "urgent", [ban("192.0.2.2", WEEK)], NOW + 60);
    while (ledger.purge(NOW + 86_400, 100));
    expect(() => rollBack(0)).toThrow("revision 0 can't be gone back to");
    expect(() => rollBack(2)).toThrow("1 to 1 are kept");
    expect(rollBack(1)).toMatchObject({ withheld: 1 });
  });

  it("begins anew with a change that is too large to keep", () => {
    const many = Array.from({ length: 10_001 }, (_, i) =>
      ban(`10.${i >> 8}.${i & 255}.0/24`),
    );
    expect(adoptNext(ledger, "urgent", many).convergence).toBe("rebuild");
    expect(() => rollBack(0)).toThrow("none is kept");
    recordNext(ledger, "urgent", [ban("192.0.2.2")]);
    expect(ledger.overrides.history(9)).toMatchObject([
      {
        ...{ id: 2, last: 2, cause: "segment", at: NOW },
        ...{ target: null, changed: 1 },
      },
    ]);
    rollBack(1);
    expect(rulesetOf(ledger, NOW, 99_999)).toHaveLength(10_001);
  });

  it("is one step for the kernel, whatever it changes", () => {
    const many = Array.from({ length: 3_000 }, (_, i) =>
      ban(`10.${i >> 8}.${i & 255}.0/24`),
    );
    recordNext(ledger, "urgent", many);
    recordNext(
      ledger,
      "org/acme",
      many.map((each) => ban(`1${formatCidr(each.cidr)}`)),
    );
    ledger.enforced(2);
    rollBack(0);
    expect(changesSince(2)).toEqual(["rebuild"]);
    expect(rulesetOf(ledger)).toEqual([]);
  });

  it("gives up a snapshot on its way in, which was judged before", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    const staging = ledger.stage("urgent");
    staging.add([ban("192.0.2.1")], NOW);
    rollBack(0);
    expect(() => staging.add([], NOW)).toThrow("no longer being loaded");
  });

  it("puts nothing back that the guard holds by now", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    recordNext(ledger, "urgent", [lift("192.0.2.1")]);
    expect(rollBack(1, { guardedBy: () => "this-host" })).toMatchObject({
      putBack: 0,
    });
    expect(rulesetOf(ledger)).toEqual([]);
  });

  it("stays so when bans are reviewed again", () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1"), ban("10.0.0.0/8")]);
    rollBack(0);
    const guard: Guard = {
      digest: 7,
      holdingRule: (each) => ledger.overrides.withheldRuleOf(each, NOW),
    };
    while (ledger.reviewAgain(guard, 1, NOW));
    expect(rulesetOf(ledger)).toEqual([]);
  });
});
