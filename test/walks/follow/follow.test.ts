import { describe, expect, it } from "@jest/globals";
import { DryRunEnforcer } from "../../../agent/enforce/dry-run/dry-run-enforcer.js";
import type { Head } from "../../../agent/protocol/documents.js";
import { Refused } from "../../../agent/protocol/refusals.js";
import type { SignedText } from "../../../agent/protocol/signed-text.js";
import { systemBanClock } from "../../../agent/runtime/clock.js";
import { ban, TestHost } from "../../support/agent/agent-fixtures.js";
import { BalkingEnforcer } from "../../support/agent/enforcers.js";
import { receiptOf, receiptOn, World } from "../../support/agent/world.js";
import { FakeFeed, handsOut } from "../../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../../support/time/clock.js";
import { hex, sha256Hex } from "../../support/vectors.js";

describe("a live feed", () => {
  it("is enforced as it comes, and answered with a receipt", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(urgent.append([ban("203.0.113.7"), ban("192.0.2.10")]));

    expect(await receiptOn(link)).toMatchObject({
      position: { feed: "urgent", offset: 2, hash: hex(urgent.position.hash) },
      banned: 1,
      heldTotal: 1,
      held: [{ range: "192.0.2.10", rule: "this-host" }],
    });
    expect(await world.host.holds("203.0.113.7")).toEqual([true]);
  });

  it("with a segment missing is asked for again from the own position", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(urgent.append([ban("203.0.113.1")]));
    await receiptOn(link);
    const lost = urgent.append([ban("203.0.113.2")]);
    const later = [3, 4].map((n) => urgent.append([ban(`203.0.113.${n}`)]));
    link.push(...later);

    expect(await link.next("refusal")).toMatchObject({ code: "gap" });
    expect(await link.next("resume")).toMatchObject({
      feed: "urgent",
      position: { epoch: "e1", offset: 1 },
    });
    link.say({ type: "plan", plans: [urgent.tail()] });
    link.push(lost, ...later);
    await receiptOf(link, 4);
    expect(link.untaken).toEqual([]);
  });

  it("that a head says is further on is asked for again", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    urgent.append([ban("203.0.113.1")]);
    link.heads(urgent);
    const { position } = await link.next("resume");
    expect(position).toBeUndefined();
  });

  it("with poison that must not be read is told of once a head shows where it lacks", async () => {
    const beginIntake = () => {
      throw new Refused("poison", "died twice over it");
    };
    await using world = await World.open();
    world.host.opening.runs.beginIntake = beginIntake;
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(urgent.append([ban("203.0.113.1")]));
    link.heads(urgent);
    expect(await link.next("refusal")).toMatchObject({
      ...{ feed: "urgent", code: "poison" },
    });
    expect(await link.next("resume")).toMatchObject({ feed: "urgent" });
  });

  it("that the cloud wants to begin anew is asked for once", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(urgent.append([ban("203.0.113.1")]));
    await receiptOn(link);
    link.say({ type: "resync", feed: "urgent", reason: "epoch" });
    const rewritten = new FakeFeed("urgent", "e2");
    for (const n of [1, 2, 3]) {
      link.push(rewritten.append([ban(`203.0.113.${n}`)]));
    }
    await link.next("resume");
    link.push(urgent.append([ban("203.0.113.9")]));
    await receiptOn(link);
    expect(link.untaken).toEqual([]);
  });

  it("goes on after what can't be read, and the cloud hears why", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(Buffer.from("noise"));
    link.push(new FakeFeed().append([ban("203.0.113.1")], {}, ["stranger"]));
    expect(await link.next("refusal")).toMatchObject({ code: "bad-signature" });
    link.push(urgent.append([ban("203.0.113.2")]));
    await receiptOn(link);
    expect(world.host.ruleset).toEqual(["203.0.113.2"]);
  });

  it("ignores a head that no head key signed", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    urgent.append([ban("203.0.113.1")]);
    link.say({ type: "heads", heads: [urgent.head("contentA")] });
    await world.logged("error: refused a dated head");
    expect(link.untaken).toEqual([]);
  });
});

describe("catching up", () => {
  it("by segments fetches them, then asks to go on", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const segments = [1, 2, 3].map((n) =>
      urgent.append([ban(`203.0.113.${n}`)]),
    );
    world.cloud.serve = (request, response) => {
      const from = Number(new URLSearchParams(request.url).get("from") ?? 0);
      response.end(Buffer.concat(segments.slice(from - 1, from + 1)));
    };
    const link = await world.cloud.welcomed([urgent.segmentsFrom(1)]);
    await receiptOf(link, 3);
    expect(await link.find("resume")).toMatchObject({
      position: { offset: 3, hash: hex(urgent.position.hash) },
    });
    expect(world.host.ruleset).toHaveLength(3);
  });

  it("by a snapshot takes it in whole, then asks to go on", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    urgent.append([ban("203.0.113.1"), ban("203.0.113.2")]);
    const snapshot = urgent.snapshot([ban("203.0.113.2")]);
    world.cloud.serve = handsOut(snapshot);
    const link = await world.cloud.welcomed([urgent.snapshotPlan(snapshot)]);
    expect(await receiptOn(link)).toMatchObject({ banned: 1 });
    expect(await link.next("resume")).toMatchObject({
      position: { offset: 2 },
    });
    expect(world.host.ruleset).toEqual(["203.0.113.2"]);
  });

  it("leaves one snapshot alone while it fetches another", async () => {
    await using world = await World.open();
    const [urgent, reputation] = [new FakeFeed(), new FakeFeed("reputation")];
    const [first, second] = [urgent, reputation].map((feed) => {
      feed.append([ban("203.0.113.1")]);
      return feed.snapshot([ban("203.0.113.1")]);
    }) as [Buffer, Buffer];
    let finish: () => void = () => undefined;
    world.cloud.serve = (request, response) => {
      if (!request.url?.endsWith(sha256Hex(first)))
        return void response.end(second);
      response.write(first.subarray(0, 100));
      finish = () => response.end(first.subarray(100));
    };
    const link = await world.cloud.welcomed([urgent.snapshotPlan(first)]);
    await until("half a file", () => world.host.files().length === 1);
    link.say({ type: "plan", plans: [reputation.snapshotPlan(second)] });
    expect(await receiptOn(link)).toMatchObject({
      position: { feed: "reputation" },
    });
    await link.find("resume");
    finish();
    expect(await receiptOf(link, 1)).toMatchObject({
      position: { feed: "urgent" },
    });
  });

  it("that fails is tried again later, and later", async () => {
    const asked: number[] = [];
    await using world = await World.open({
      random: () => {
        asked.push(0);
        return 0;
      },
    });
    const urgent = new FakeFeed();
    urgent.append([ban("203.0.113.1")]);
    const plan = urgent.segmentsFrom(1);
    const link = await world.cloud.welcomed([plan]);
    for (let tries = 1; tries <= 3; tries++) {
      await link.next("resume");
      expect(asked).toHaveLength(tries);
      link.say({ type: "plan", plans: [plan] });
    }
  });

  it("of a refused snapshot is reported and asked for again", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    urgent.append([ban("203.0.113.1")]);
    const snapshot = urgent.snapshot([ban("203.0.113.1")], "stranger");
    world.cloud.serve = handsOut(snapshot);
    const link = await world.cloud.welcomed([urgent.snapshotPlan(snapshot)]);
    expect(await link.next("refusal")).toMatchObject({ code: "bad-signature" });
    await link.next("resume");
    expect(world.host.ruleset).toEqual([]);
  });

  it("goes on while the kernel refuses: the ledger has it", async () => {
    const enforcer = new BalkingEnforcer();
    await using world = await World.open({ enforcer, random: () => 1 });
    await enforcer.cleanUp();
    enforcer.refusals = 3;
    const urgent = new FakeFeed();
    const segments = [1, 2, 3].map((n) =>
      urgent.append([ban(`203.0.113.${n}`)]),
    );
    world.cloud.serve = handsOut(Buffer.concat(segments));
    const link = await world.cloud.welcomed([urgent.segmentsFrom(1)]);
    for (const _segment of segments) {
      expect(await link.next("refusal")).toMatchObject({
        code: "not-enforced",
      });
    }
    expect(await link.next("resume")).toMatchObject({
      position: { offset: 3 },
    });
  });
});

describe("having caught up", () => {
  it("is told only when every feed is level with its head", async () => {
    await using world = await World.open();
    const [urgent, reputation] = [new FakeFeed(), new FakeFeed("reputation")];
    const org = new FakeFeed("org/acme");
    const link = await world.cloud.welcomed([urgent.tail(), reputation.tail()]);
    const segment = reputation.append([ban("203.0.113.1")]);
    link.heads(urgent, reputation, org);
    await link.next("resume");
    expect(world.host.status.hasCaughtUp).toBe(false);

    link.push(segment);
    await receiptOn(link);
    expect(world.host.status.hasCaughtUp).toBe(true);
  });

  it("is not told by a cloud that names no feed", async () => {
    await using world = await World.open();
    const link = await world.cloud.welcomed([]);
    link.heads(new FakeFeed());
    await world.settled(link);
    expect(world.host.status.hasCaughtUp).toBe(false);
  });

  it("may do without a stuck feed after ten minutes, not without urgent bans", async () => {
    const clock = new ManualClock(Date.now());
    await using world = await World.open({ clock, random: () => 1 });
    const [urgent, reputation] = [new FakeFeed(), new FakeFeed("reputation")];
    const plans = [urgent.tail(), reputation.tail()];
    const link = await world.cloud.welcomed(plans, 600_000);
    reputation.append([ban("203.0.113.1")]);
    link.heads(urgent, reputation);
    await link.next("resume");
    link.socket.pause();
    await clock.advance(599_999);
    expect(world.host.status.hasCaughtUp).toBe(false);
    await clock.advance(1);
    link.socket.resume();
    link.heads(urgent, reputation);
    await until("it is enough", () => world.host.status.hasCaughtUp);
  });

  it("is measured by the newest head, not by an older one said again", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const [reputation, org] = [
      new FakeFeed("reputation"),
      new FakeFeed("org/acme"),
    ];
    const older = urgent.head();
    urgent.append([ban("203.0.113.1")]);
    await until("another millisecond", () => !sameTime(older, urgent.head()));
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.heads(urgent);
    await link.next("resume");
    link.say({ type: "heads", heads: [older, reputation.head(), org.head()] });
    await world.settled(link);
    expect(world.host.status.hasCaughtUp).toBe(false);
  });

  it("lets a new ledger replace what an earlier one left", async () => {
    const enforcer = new DryRunEnforcer(systemBanClock);
    {
      await using before = await TestHost.open({ enforcer });
      await before.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    }
    await using world = await World.open({ enforcer, random: () => 1 });
    const urgent = new FakeFeed();
    const segments = [1, 2].map((n) => urgent.append([ban(`203.0.113.${n}`)]));
    world.cloud.serve = handsOut(Buffer.concat(segments));
    const link = await world.cloud.link();
    link.challenge();
    await link.next("hello");
    link.sayWelcome([urgent.segmentsFrom(1)]);
    link.heads(urgent, new FakeFeed("reputation"), new FakeFeed("org/acme"));

    for (const _segment of segments) {
      expect(await link.next("refusal")).toMatchObject({
        code: "not-enforced",
      });
    }
    await until("the replacement", async () => {
      const [old, fresh] = await world.host.holds("203.0.113.7", "203.0.113.2");
      return old === false && fresh === true;
    });
  });
});

const sameTime = (a: SignedText, b: SignedText) =>
  (JSON.parse(a.signed) as Head).time === (JSON.parse(b.signed) as Head).time;
