import { describe, expect, it } from "@jest/globals";
import { NOT_CONFIRMED } from "../../../agent/ledger/trials.js";
import { systemClock, unixSeconds } from "../../../agent/runtime/clock.js";
import { ban, policy } from "../../support/agent/agent-fixtures.js";
import { PolicyHost, policyOf } from "../../support/agent/policies.js";
import { recordNext } from "../../support/agent/ledger.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";

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
    const clock = {
      ...systemClock,
      now: () => Date.now() + aheadMs,
      monotonic: () => performance.now() + aheadMs,
    };
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
});
