import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import { NOT_CONFIRMED } from "../../../agent/ledger/trials.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import type { Enforced } from "../../../agent/walks/ban/ban-walk.js";
import { wire2 } from "../../../agent/protocol/wire.js";
import { noLimits } from "../../support/agent/limits.js";
import { AllowedHere } from "../../../agent/walks/ban/allowed-here.js";
import { ban, facts, policy } from "../../support/agent/agent-fixtures.js";
import { PolicyHost, policyOf } from "../../support/agent/policies.js";
import { recordNext } from "../../support/agent/ledger.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { laterBy } from "../../support/time/clock.js";

const OFFICE = "203.0.113.0/24";

/** The usual host, but for its own allow list. */
const bare = { ...policy, allow: [] };

describe("what a policy allows", () => {
  it("passes, also where a ban is around it, and no more than that", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    const bans = [ban("203.0.113.7"), ban("203.0.112.0/22")];
    await it.host.carryOut(new FakeFeed().append(bans));
    await it.take(policyOf([OFFICE]));
    expect(["203.0.113.7", "203.0.112.7"].map((at) => it.drops(at))).toEqual([
      ...[false, true],
    ]);
    await it.take(policyOf([], { version: 2 }));
    expect(it.drops("203.0.113.7")).toBe(true);
    expect(it.drops("203.0.113.8")).toBe(true);
  });

  it("is dropped again within a minute after it has run out", async () => {
    let aheadMs = 0;
    const clock = laterBy(() => aheadMs);
    await using it = await PolicyHost.open({ policy: bare, clock });
    await it.host.carryOut(new FakeFeed().append([ban("203.0.113.7", 9_000)]));
    const until = Date.now() + 60_000;
    await it.take(
      policyOf([], { allow: [{ until, why: "a test", ranges: [OFFICE] }] }),
    );
    expect(it.drops("203.0.113.7")).toBe(false);
    aheadMs = 61_000;
    await it.follow();
    expect(it.drops("203.0.113.7")).toBe(true);
  });

  it("is observed where a sensor bans it, and dropped again after", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    await it.decide("203.0.113.7", "sensor");
    await it.decide("198.51.100.7", "sensor");
    await it.take(policyOf([OFFICE]));
    expect(it.drops("203.0.113.7")).toBe(false);
    expect(it.drops("198.51.100.7")).toBe(true);
    const now = unixSeconds(Date.now());
    expect(
      it.host.ledger
        .list({ feed: "local", limit: 9 }, now)
        .map(({ observed }) => observed),
    ).toEqual([false, true]);
    await it.take(policyOf([], { version: 2 }));
    expect(it.drops("203.0.113.7")).toBe(true);
  });

  it("leaves what the host's operator bans by hand dropped", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    await it.decide("203.0.113.7", "operator");
    await it.host.carryOut(new FakeFeed().append([ban("203.0.112.0/22")]));
    await it.take(policyOf([OFFICE]));
    expect(["203.0.113.7", "203.0.113.8"].map((at) => it.drops(at))).toEqual([
      ...[true, false],
    ]);
  });

  it("is the same where a translator shows it", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    await it.decide("64:ff9b::cb00:7107", "sensor");
    await it.decide("64:ff9b::cb00:7108", "operator");
    await it.take(policyOf([OFFICE]));
    const now = unixSeconds(Date.now());
    expect(
      it.host.ledger
        .list({ feed: "local", limit: 9 }, now)
        .map(({ observed }) => observed),
    ).toEqual([true, false]);
    const both = ["64:ff9b::cb00:7107", "64:ff9b::cb00:7108"];
    expect(both.map((at) => it.drops(at))).toEqual([false, true]);
    await it.take(policyOf([], { version: 2 }));
    expect(both.map((at) => it.drops(at))).toEqual([true, true]);
  });

  it("does not make the host forget what its trial has made of a ban", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    const { ledger } = it.host;
    const failed = { ...ban("203.0.113.7"), held: NOT_CONFIRMED };
    const now = unixSeconds(Date.now());
    recordNext(ledger, "urgent", [failed], now);
    const held = () =>
      ledger
        .held({ limit: 9 }, unixSeconds(Date.now()))
        .map((each) => each.held);
    await it.take(policyOf([OFFICE]));
    expect(held()).toEqual([NOT_CONFIRMED]);
    const renewed = { ...failed, held: "allowed-by-policy" };
    recordNext(ledger, "urgent", [renewed], now);
    expect(held()).toEqual([NOT_CONFIRMED]);
    await it.take(policyOf([], { version: 2 }));
    expect(held()).toEqual([NOT_CONFIRMED]);
    expect(it.drops("203.0.113.7")).toBe(false);
  });

  it("takes no room of its feed when it comes back, however often", async () => {
    const limits = { ...noLimits, burst: 4, changesPerMinute: 1 };
    await using it = await PolicyHost.open({ policy: bare, limits });
    const banned = ["203.0.113.7", "203.0.113.8", "203.0.113.9"];
    await it.host.carryOut(new FakeFeed().append(banned.map((at) => ban(at))));
    for (const version of [1, 3, 5]) {
      await it.take(policyOf([OFFICE], { version }));
      expect(banned.map((at) => it.drops(at))).toEqual([false, false, false]);
      await it.take(policyOf([], { version: version + 1 }));
      expect(banned.map((at) => it.drops(at))).toEqual([true, true, true]);
    }
  });

  it("is held to its feed's limits where it is new meanwhile", async () => {
    const limits = { ...noLimits, burst: 2, changesPerMinute: 1 };
    await using it = await PolicyHost.open({ policy: bare, limits });
    await it.take(policyOf([OFFICE]));
    const banned = ["203.0.113.7", "203.0.113.8", "203.0.113.9"];
    await it.host.carryOut(new FakeFeed().append(banned.map((at) => ban(at))));
    await it.take(policyOf([], { version: 2 }));
    expect(banned.map((at) => it.drops(at))).toEqual([true, true, false]);
  });

  it("is named in receipts no more once it has run out", async () => {
    let aheadMs = 0;
    const clock = laterBy(() => aheadMs);
    await using it = await PolicyHost.open({ policy: bare, clock });
    const said: unknown[] = [];
    await it.host.carryOut(new FakeFeed().append([ban("203.0.113.7", 9_000)]));
    const { receipts } = it.host;
    receipts.give(NOTHING_NEW);
    receipts.sayTo({
      wire: wire2,
      send: (message) => void said.push("signed" in message && message.signed),
    });
    const expiresAt = Date.now() + 60_000;
    await it.take(policyOf([OFFICE], { expiresAt }));
    expect(said.at(-1)).toContain('"ext":{"policy":1}');
    const before = said.length;
    await it.follow();
    expect(said).toHaveLength(before);
    aheadMs = 61_000;
    await it.follow();
    expect(said.length).toBeGreaterThan(before);
    expect(said.at(-1)).not.toContain('"ext"');
  });

  describe("while the kernel is told", () => {
    let of: PolicyHost;
    let here: AllowedHere;
    let isAllowed: boolean;
    const takeBack = () => void (isAllowed = false);
    const now = unixSeconds(Date.now());
    const local = () => of.host.ledger.list({ feed: "local", limit: 9 }, now);

    beforeEach(async () => {
      of = await PolicyHost.open({ policy: bare });
      const { ledger, banClock: clock, events } = of.host;
      isAllowed = true;
      const office = { cidr: parseCidr(OFFICE), until: Infinity, why: "" };
      const policies = { allowed: () => (isAllowed ? [office] : []) };
      here = new AllowedHere({ policies, ledger, clock, guard: bare, events });
      await of.decide("203.0.113.7", "sensor");
    });
    afterEach(() => of[Symbol.asyncDispose]());

    /** Follows, with these happening before and after the facts are read. */
    const follow = (meanwhile: () => void, before = (): void => undefined) => {
      let known = { ...facts, ...here.facts() };
      return here.follow({
        facts: () => known,
        protect: () => {
          before();
          known = { ...facts, ...here.facts() };
          meanwhile();
          return Promise.resolve();
        },
        enforce: () => of.host.enforcement.enforce(),
      });
    };

    it("leaves a longer sentence that comes then", async () => {
      const expiresAt = now + 90_000;
      await follow(() => {
        const [{ cidr, reason } = never()] = local();
        const terms = { expiresAt, reason, observed: false, bySensor: true };
        of.host.ledger.recordLocal([{ cidr, ...terms }], now);
      });
      expect(local()).toMatchObject([{ expiresAt, observed: true }]);
    });

    it("observes what a sensor bans then, by what was allowed before", async () => {
      await follow(() => {
        const { op: _, ...other } = ban("203.0.113.8");
        of.host.ledger.recordLocal([{ ...other, bySensor: true }], now);
      });
      expect(local()).toMatchObject([{ observed: true }, { observed: true }]);
    });

    it("goes by what it is told, should a policy take that back", async () => {
      await follow(() => undefined, takeBack);
      expect(local()).toMatchObject([{ observed: false }]);
    });

    it("goes by what it was told, should a policy take that back after", async () => {
      await follow(takeBack);
      expect(local()).toMatchObject([{ observed: true }]);
    });
  });

  it("has no ban of a sensor back in the ledger before the kernel is", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    await it.decide("203.0.113.7", "sensor");
    await it.take(policyOf([OFFICE]));
    it.kernel.fails = true;
    await it.take(policyOf([], { version: 2 }));
    const now = unixSeconds(Date.now());
    expect(it.host.ledger.list({ feed: "local", limit: 9 }, now)).toMatchObject(
      [{ observed: true }],
    );
    it.kernel.fails = false;
    await it.follow();
    expect(it.drops("203.0.113.7")).toBe(true);
  });
});

/** A change of a feed that brought nothing. */
const NOTHING_NEW: Enforced = {
  kind: "enforced",
  position: {
    feed: "urgent",
    epoch: "2026a",
    offset: 1,
    hash: new Uint8Array(32),
  },
  recorded: {
    ...{ revision: 1, banned: 0, observed: 0, lifted: 0, expired: 0 },
    ...{ heldTotal: 0, held: [] },
  },
  ...{ receivedAt: 0, recordedMs: 0, enforcedMs: 0 },
};

function never(): never {
  throw new Error("there is no ban");
}
