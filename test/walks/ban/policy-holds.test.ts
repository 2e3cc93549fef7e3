import { describe, expect, it } from "@jest/globals";
import { NOT_CONFIRMED } from "../../../agent/ledger/trials.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import { ban, policy } from "../../support/agent/agent-fixtures.js";
import { recordNext } from "../../support/agent/ledger.js";
import { noLimits } from "../../support/agent/limits.js";
import { DAY_MS, PolicyHost, policyOf } from "../../support/agent/policies.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { laterBy } from "../../support/time/clock.js";

/** The usual host, but for its own allow list. */
const bare = { ...policy, allow: [] };

/** A policy that allows nothing, and holds these of a feed for a day. */
const holding = (
  ranges: readonly string[],
  {
    feed = "urgent",
    until = Date.now() + DAY_MS,
    ...more
  }: {
    readonly feed?: string;
    readonly until?: number;
    readonly version?: number;
    readonly expiresAt?: number;
  } = {},
) => policyOf([], { holds: [{ feed, until, why: "harm", ranges }], ...more });

const rulesOf = (it: PolicyHost) =>
  it.host.ledger
    .held({ limit: 9 }, unixSeconds(it.host.clock.now()))
    .map(({ held }) => held);

describe("what a policy holds", () => {
  it("is the ban of that feed on exactly that range, in force and yet to come", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    const feed = new FakeFeed();
    await it.host.carryOut(
      feed.append([ban("203.0.113.7"), ban("45.9.148.0/24")]),
    );
    await it.take(holding(["203.0.113.7", "203.0.113.8", "45.9.148.7"]));
    await it.host.carryOut(feed.append([ban("203.0.113.8")]));
    const at = ["203.0.113.7", "203.0.113.8", "45.9.148.7"];
    expect(at.map((address) => it.drops(address))).toEqual([
      ...[false, false, true],
    ]);
    expect(rulesOf(it)).toEqual(["held-by-policy", "held-by-policy"]);
    await it.take(policyOf([], { version: 2 }));
    expect(at.map((address) => it.drops(address))).toEqual([true, true, true]);
  });

  it("is no ban of another feed, nor of the host's own, nor one around it", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    const { ledger } = it.host;
    const now = unixSeconds(Date.now());
    await it.host.carryOut(
      new FakeFeed().append(
        ["203.0.113.7", "203.0.113.8"].map((at) => ban(at)),
      ),
    );
    recordNext(ledger, "reputation", [ban("203.0.113.7")], now);
    await it.decide("203.0.113.8", "sensor");
    await it.decide("203.0.113.9", "operator");
    await it.take(holding(["203.0.113.7", "203.0.113.8", "203.0.113.9"]));
    const at = ["203.0.113.7", "203.0.113.8", "203.0.113.9"];
    expect(at.map((address) => it.drops(address))).toEqual([true, true, true]);
    expect(rulesOf(it)).toEqual(["held-by-policy", "held-by-policy"]);
  });

  it("is in force again at its own end, whenever the policy ends", async () => {
    let aheadMs = 0;
    const clock = laterBy(() => aheadMs);
    await using it = await PolicyHost.open({ policy: bare, clock });
    await it.host.carryOut(new FakeFeed().append([ban("203.0.113.7", 9_000)]));
    const now = Date.now();
    const times = { until: now + 120_000, expiresAt: now + 60_000 };
    await it.take(holding(["203.0.113.7"], times));
    aheadMs = 61_000;
    await it.follow();
    expect(it.drops("203.0.113.7")).toBe(false);
    aheadMs = 121_000;
    await it.follow();
    expect(it.drops("203.0.113.7")).toBe(true);
  });

  it("makes no host forget what its trial has made of a ban", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    const failed = { ...ban("203.0.113.7"), held: NOT_CONFIRMED };
    recordNext(it.host.ledger, "urgent", [failed], unixSeconds(Date.now()));
    await it.take(holding(["203.0.113.7"]));
    expect(rulesOf(it)).toEqual([NOT_CONFIRMED]);
    await it.take(policyOf([], { version: 2 }));
    expect(it.drops("203.0.113.7")).toBe(false);
  });

  it("takes no room of its feed when it comes back, however often", async () => {
    const limits = { ...noLimits, burst: 2, changesPerMinute: 1 };
    await using it = await PolicyHost.open({ policy: bare, limits });
    const banned = ["203.0.113.7", "203.0.113.8"];
    await it.host.carryOut(new FakeFeed().append(banned.map((at) => ban(at))));
    for (const version of [1, 3, 5]) {
      await it.take(holding(banned, { version }));
      expect(banned.map((at) => it.drops(at))).toEqual([false, false]);
      await it.take(policyOf([], { version: version + 1 }));
      expect(banned.map((at) => it.drops(at))).toEqual([true, true]);
    }
  });
});
