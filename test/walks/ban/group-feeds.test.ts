import { describe, expect, it } from "@jest/globals";
import type { Receipt } from "../../../agent/protocol/documents.js";
import type { Outcome } from "../../../agent/walks/ban/ban-walk.js";
import { ban, heldOf, policy } from "../../support/agent/agent-fixtures.js";
import { noLimits } from "../../support/agent/limits.js";
import { DAY_MS, PolicyHost, policyOf } from "../../support/agent/policies.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { laterBy } from "../../support/time/clock.js";

const WEB = "org/acme/web";
const bare = { ...policy, allow: [] };
const following = (version: number, ...feeds: readonly string[]) =>
  policyOf([], { version, ...(feeds.length > 0 && { feeds }) });
const rangesOf = (count: number, third: number) =>
  Array.from({ length: count }, (_, n) => `203.0.${third}.${n + 1}`);
const positions = (it: PolicyHost) =>
  it.host.ledger.positions().map(({ feed }) => feed);
/** As the cloud's link does with what has come into force. */
const give = ({ host }: PolicyHost, outcome: Outcome) => {
  if (outcome.kind !== "enforced") throw new Error(outcome.kind);
  host.core.receipts.give(outcome);
};
const answeredFor = ({ host }: PolicyHost) =>
  host.core.receipts
    .signedNewest()
    .map(({ signed }) => (JSON.parse(signed) as Receipt).position.feed);

describe("a feed of a group of hosts", () => {
  it("counts on a host only while its customer's policy has it follow that", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    const feed = new FakeFeed(WEB);
    const first = feed.append([ban("203.0.113.7")]);
    expect(await it.host.carryOut(first)).toMatchObject({ kind: "refused" });
    await it.take(following(1, WEB));
    expect(await it.host.carryOut(first)).toMatchObject({ kind: "enforced" });
    expect(it.drops("203.0.113.7")).toBe(true);
    await it.take(following(2, "org/acme/db"));
    expect(it.drops("203.0.113.7")).toBe(false);
    expect(positions(it)).toEqual([]);
    const later = feed.append([ban("203.0.113.8")]);
    expect(await it.host.carryOut(later)).toMatchObject({ kind: "refused" });
  });

  it("takes no ban of another feed along when it is left", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    await it.take(following(1, WEB));
    const both = ["203.0.113.7", "203.0.113.8"];
    await it.host.carryOut(new FakeFeed(WEB).append(both.map((at) => ban(at))));
    await it.host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    await it.decide("203.0.113.9", "operator");
    await it.take(following(2));
    const at = [...both, "203.0.113.9"];
    expect(at.map((each) => it.drops(each))).toEqual([true, false, true]);
  });

  it("is answered for no more once it was left, though it is followed again", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    await it.take(following(1, WEB));
    const feed = new FakeFeed(WEB);
    const outcome = await it.host.carryOut(feed.append([ban("203.0.113.7")]));
    give(it, outcome);
    expect(answeredFor(it)).toEqual([WEB]);
    await it.take(following(2));
    await it.take(following(3, WEB));
    expect(answeredFor(it)).toEqual([]);
  });

  it("is not answered for where it was left while that was under way", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    await it.take(following(1, WEB));
    const first = new FakeFeed(WEB).append([ban("203.0.113.7")]);
    const outcome = await it.host.carryOut(first);
    await it.take(following(2));
    give(it, outcome);
    await it.take(following(3, WEB));
    expect(answeredFor(it)).toEqual([]);
  });

  it("has one burst with every other group's, whatever they are called", async () => {
    let aheadMs = 0;
    const clock = laterBy(() => aheadMs);
    const few = { ...noLimits, burst: 3, changesPerMinute: 1, growth: 1 };
    const options = { policy: bare, limits: few, clock };
    await using it = await PolicyHost.open(options);
    const names = ["x", "y", "z", "x"];
    const counts: number[] = [];
    for (const [nth, name] of names.entries()) {
      const feed = `org/acme/${name}` as const;
      await it.take(following(nth + 1, feed));
      const bans = rangesOf(5, nth).map((at) => ban(at));
      const first = new FakeFeed(feed);
      first.append(bans);
      const outcome = await it.host.adopt(first.snapshot(bans));
      const held = heldOf(outcome).map((each) => each.split(" ")[1]);
      expect(held.every((rule) => rule === "grows-too-fast")).toBe(true);
      counts.push(5 - held.length);
      aheadMs += 60_000;
    }
    expect(counts).toEqual([3, 1, 1, 1]);
  });

  it("comes into force later within that burst, whichever it is", async () => {
    let aheadMs = 0;
    const clock = laterBy(() => aheadMs);
    const few = { ...noLimits, burst: 2, changesPerMinute: 2 };
    const options = { policy: bare, limits: few, clock };
    await using it = await PolicyHost.open(options);
    await it.take(following(1, WEB, "org/acme/db"));
    for (const [nth, feed] of ([WEB, "org/acme/db"] as const).entries()) {
      const bans = rangesOf(4, nth).map((at) => ban(at));
      await it.host.carryOut(new FakeFeed(feed).append(bans));
    }
    const dropped = () =>
      [0, 1].flatMap((nth) => rangesOf(4, nth)).filter((at) => it.drops(at))
        .length;
    expect(dropped()).toBe(2);
    aheadMs += 60_000;
    const until = Date.now() + DAY_MS;
    const hold = { feed: "urgent", until, why: "harm", ranges: ["192.0.2.1"] };
    const feeds = [WEB, "org/acme/db"]; // and have the guard look again
    await it.take(policyOf([], { version: 2, feeds, holds: [hold] }));
    expect(dropped()).toBe(4);
  });

  it("covers no more of all addresses with the others of its org than one may", async () => {
    const limits = { ...noLimits, share: 2 ** -15 };
    await using it = await PolicyHost.open({ policy: bare, limits });
    await it.take(following(1, WEB, "org/acme/db"));
    const wide = (...thirds: readonly number[]) =>
      thirds.map((third) => ban(`203.${third}.0.0/16`));
    const web = new FakeFeed(WEB).append(wide(1));
    expect(heldOf(await it.host.carryOut(web))).toEqual([]);
    const db = new FakeFeed("org/acme/db").append(wide(2, 3));
    const full = ["203.3.0.0/16 covers-too-much"];
    expect(heldOf(await it.host.carryOut(db))).toEqual(full);
    const org = new FakeFeed("org/acme");
    org.append(wide(4));
    const snapshot = org.snapshot(wide(4));
    expect(heldOf(await it.host.adopt(snapshot))).toEqual([
      "203.4.0.0/16 covers-too-much",
    ]);
    const urgent = new FakeFeed().append(wide(5));
    expect(heldOf(await it.host.carryOut(urgent))).toEqual([]);
  });

  it("is none of a policy that names another org's, or a usual feed", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    for (const wrong of ["org/globex/web", "org/acme", "urgent", "local"]) {
      await it.take(following(1, wrong));
      expect(it.host.core.policies.current).toBeUndefined();
      expect(it.host.core.followed()).toHaveLength(3);
    }
  });
});
