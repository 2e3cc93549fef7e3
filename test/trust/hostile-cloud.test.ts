import { describe, expect, it } from "@jest/globals";
import type { Head } from "../../agent/protocol/documents.js";
import type { RefusalCode } from "../../agent/protocol/refusals.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { receiptOn, World } from "../support/agent/world.js";
import {
  FakeFeed,
  handsOut,
  root as root1,
} from "../support/cloud/fake-cloud.js";
import { after, besieged, refused, root2 } from "../support/cloud/siege.js";
import { ManualClock, until } from "../support/time/clock.js";

const MINUTE_MS = 60_000;

const VERSIONS = [1, 2] as const;

describe.each(VERSIONS)("content, in version %i,", (protocol) => {
  it("that is forged changes nothing", async () => {
    await using siege = await besieged({ protocol });
    const { world, urgent, link } = siege;
    const before = await world.host.state();
    for (const signers of [["stranger"], ["head"], ["critical"]] as const) {
      link.push(
        new FakeFeed().append([ban("203.0.113.9")], urgent.position, signers),
      );
      await refused(link, "bad-signature");
    }
    expect(await world.host.state()).toEqual(before);
  });

  it("that is replayed changes nothing", async () => {
    await using siege = await besieged({ protocol });
    const { world, link, first } = siege;
    const before = await world.host.state();
    link.push(first);
    await refused(link, "replayed");
    expect(await world.host.state()).toEqual(before);
  });

  it("that is re-ordered changes nothing", async () => {
    await using siege = await besieged({ protocol });
    const { world, urgent, link } = siege;
    const before = await world.host.state();
    urgent.append([ban("203.0.113.2")]);
    link.push(urgent.append([ban("203.0.113.3")]));
    await refused(link, "gap");
    expect(await world.host.state()).toEqual(before);
  });

  it("that is cut anywhere changes nothing", async () => {
    await using siege = await besieged({ protocol });
    const { world, urgent, link } = siege;
    const before = await world.host.state();
    const next = urgent.append([ban("203.0.113.2")]);
    for (const length of [1, 6, 200, next.length - 73, next.length - 1]) {
      link.push(next.subarray(0, length));
      await world.settled(link);
    }
    expect(await world.host.state()).toEqual(before);
  });

  it("that is spliced from two good pieces changes nothing", async () => {
    await using siege = await besieged({ protocol });
    const { world, urgent, link } = siege;
    const before = await world.host.state();
    const [one, two] = [
      new FakeFeed().append([ban("203.0.113.2")], after(urgent)),
      new FakeFeed().append([ban("203.0.113.3")], after(urgent)),
    ];
    const signatureAt = one.length - 73;
    link.push(
      Buffer.concat([one.subarray(0, signatureAt), two.subarray(signatureAt)]),
    );
    await refused(link, "bad-signature");
    expect(await world.host.state()).toEqual(before);
  });

  it("of another customer, feed or history changes nothing", async () => {
    await using siege = await besieged({ protocol });
    const { world, link } = siege;
    const before = await world.host.state();
    const others: [FakeFeed, RefusalCode][] = [
      [new FakeFeed("org/globex"), "wrong-feed"],
      [new FakeFeed("local"), "wrong-feed"],
      [new FakeFeed("urgent", "e2"), "wrong-epoch"],
    ];
    for (const [feed, code] of others) {
      link.push(feed.append([ban("203.0.113.9")]));
      await refused(link, code);
    }
    expect(await world.host.state()).toEqual(before);
  });
});

describe.each(VERSIONS)("a rollback, in version %i,", (protocol) => {
  it("to an older snapshot is refused", async () => {
    await using siege = await besieged({ protocol });
    const { world, urgent, link } = siege;
    const older = urgent.snapshot([]);
    const plan = urgent.snapshotPlan(older);
    link.push(urgent.append([ban("203.0.113.2")]));
    await receiptOn(link);
    world.cloud.serve = handsOut(older);
    link.say({ type: "resync", feed: "urgent", reason: "lag" });
    await link.find("resume");
    link.say({ type: "plan", plans: [plan] });
    await refused(link, "replayed");
    expect(world.host.ruleset).toEqual(["203.0.113.1", "203.0.113.2"]);
  });

  it("to an older root is refused, and the newer one stays", async () => {
    await using siege = await besieged({ protocol });
    const { world, link } = siege;
    link.say({ type: "root", root: root2 });
    link.say({ type: "root", root: root1 });
    await world.settled(link);
    expect(world.host.trust.roots.version).toBe(2);
    expect(world.host.keptRoots).toHaveLength(1);
  });

  it("of the cloud's database is told, as its heads go back", async () => {
    await using siege = await besieged({ protocol });
    const { world, urgent, link, findings } = siege;
    link.push(urgent.append([ban("203.0.113.2")]));
    await receiptOn(link);
    const restored = new FakeFeed();
    restored.append([ban("203.0.113.1")]);
    link.heads(restored);
    await world.settled(link);
    expect(findings()["feed-forked"]).toBe(
      "urgent: it was at e1/2, and is said to be at 1",
    );
    expect(world.host.ruleset).toHaveLength(2);
  });
});

describe.each(VERSIONS)(
  "a cloud that withholds, in version %i,",
  (protocol) => {
    it("all heads raises an alarm after a quarter of an hour, and bans stay", async () => {
      const clock = new ManualClock(Date.now());
      await using siege = await besieged({ protocol, clock });
      const { world, link, findings } = siege;
      link.socket.pause(); // nor does it answer
      await clock.advance(15 * MINUTE_MS);
      expect(findings()).toEqual({});
      await clock.advance(1_000);
      expect(findings()["feed-stale"]).toMatch(/^urgent had no fresh head for/);
      expect(await world.host.holds("203.0.113.1")).toEqual([true]);
    });

    it("new heads, and says old ones again, does so too", async () => {
      const clock = new ManualClock(Date.now());
      await using siege = await besieged({ protocol, clock });
      const { world, link, urgent, findings } = siege;
      const head = urgent.at({ time: clock.now() });
      const heads = allOf(head, clock);
      for (let minute = 0; minute < 16; minute++) {
        link.sayHeads(heads);
        await world.settled(link);
        await clock.advance(MINUTE_MS);
      }
      expect(findings()["feed-stale"]).toContain("urgent had no fresh head");
    });

    it("nothing, as fresh heads say, raises none", async () => {
      const clock = new ManualClock(Date.now());
      await using siege = await besieged({ protocol, clock });
      const { world, link, urgent, findings } = siege;
      for (let minute = 0; minute < 30; minute += 5) {
        const head = urgent.at({ time: clock.now() });
        link.sayHeads(allOf(head, clock));
        await world.settled(link);
        await clock.advance(5 * MINUTE_MS);
      }
      expect(findings()).toEqual({});
    });

    it("what its heads promise is told, and heads that take it back too", async () => {
      const clock = new ManualClock(Date.now());
      await using siege = await besieged({ protocol, clock, random: () => 1 });
      const { world, link, urgent, findings } = siege;
      const promise = () => urgent.at({ offset: 1_000_000, time: clock.now() });
      for (let minute = 0; minute < 18; minute += 2) {
        link.sayHeads(allOf(promise(), clock));
        await world.settled(link);
        await clock.advance(2 * MINUTE_MS);
      }
      expect(findings()["feed-stale"]).toMatch(
        /^urgent is said to be at 1000000, which was not delivered for/,
      );
      const honest = urgent.at({ time: clock.now() });
      link.sayHeads([honest]);
      await world.settled(link);
      expect(findings()["feed-forked"]).toContain("it was at e1/1000000");
    });
  },
);

describe.each(VERSIONS)(
  "a cloud that shows two histories, in version %i,",
  (protocol) => {
    it("to one host is told at once, with both hashes", async () => {
      await using siege = await besieged({ protocol });
      const { world, link, findings } = siege;
      const other = new FakeFeed();
      other.append([ban("203.0.113.99")]);
      link.heads(other);
      await world.settled(link);
      expect(findings()["feed-forked"]).toMatch(
        /^urgent: at e1\/1 it was [0-9a-f]{64}, and is said to be [0-9a-f]{64}$/,
      );
      expect(world.host.ruleset).toEqual(["203.0.113.1"]);
    });

    it("gets no segment of the other one in", async () => {
      await using siege = await besieged({ protocol });
      const { world, link } = siege;
      const other = new FakeFeed();
      other.append([ban("203.0.113.99")]);
      link.push(other.append([ban("203.0.113.98")]));
      await refused(link, "forked");
      expect(world.host.ruleset).toEqual(["203.0.113.1"]);
    });
  },
);

describe.each(VERSIONS)("data, in version %i,", (protocol) => {
  it("without end ends the connection when it is a frame", async () => {
    await using siege = await besieged({ protocol });
    const { world, link } = siege;
    link.push(Buffer.alloc(1024 * 1024 + 1));
    await link.closed();
    expect(await world.host.holds("203.0.113.1")).toEqual([true]);
  });

  it("without end is cut off when it is a root, and the link goes on", async () => {
    await using world = await World.open({ protocol });
    let sent = 0;
    world.cloud.serve = (_request, response) => {
      const more = () => {
        sent += 16_384;
        if (response.write(Buffer.alloc(16_384, " "))) setImmediate(more);
        else response.once("drain", more);
      };
      more();
      response.once("close", () => response.removeAllListeners("drain"));
    };
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()], 30_000, 2);
    link.push(urgent.append([ban("203.0.113.1")]));
    await receiptOn(link);
    expect(world.host.trust.roots.version).toBe(1);
    expect(sent).toBeLessThan(8 * 1024 * 1024);
  });

  it("that drips is given up, and the link goes on", async () => {
    const clock = new ManualClock(Date.now());
    await using world = await World.open({ protocol, clock });
    let drips = 0;
    world.cloud.serve = (_request, response) => {
      const timer = setInterval(() => {
        drips += 1;
        response.write(" ");
      }, 5);
      response.once("close", () => clearInterval(timer));
    };
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()], 600_000, 2);
    link.push(urgent.append([ban("203.0.113.1")]));
    await until("some drips", () => drips > 5);
    expect(world.host.ruleset).toEqual([]);
    await clock.advance(13_000);
    await receiptOn(link);
    expect(world.host.log.lines).toContain(
      "error: could not get to the newest root; stays with the own",
    );
  });
});

describe.each(VERSIONS)("a clock, in version %i,", (protocol) => {
  it("may differ by five minutes, and heads count", async () => {
    const clock = new ManualClock(Date.now());
    await using siege = await besieged({ protocol, clock });
    const { world, link, urgent } = siege;
    const ahead = urgent.at({ time: clock.now() + 5 * MINUTE_MS });
    link.sayHeads([ahead]);
    await world.settled(link);
    expect(world.host.trust.heads.head("urgent")).toBeDefined();
  });

  it("that differs by more makes no head pass for the newest", async () => {
    const clock = new ManualClock(Date.now());
    await using siege = await besieged({ protocol, clock });
    const { world, link, urgent, findings } = siege;
    const ahead = urgent.at({ time: clock.now() + 6 * MINUTE_MS });
    link.sayHeads([ahead]);
    await world.settled(link);
    expect(world.host.trust.heads.head("urgent")).toBeUndefined();
    await clock.advance(16 * MINUTE_MS);
    expect(findings()["feed-stale"]).toContain("ahead of this host's clock");
  });
});

/** The given head, and fresh ones of the feeds that are quiet. */
const allOf = (head: Head, clock: ManualClock): Head[] => [
  head,
  ...(["reputation", "org/acme"] as const).map((feed) =>
    new FakeFeed(feed).at({ time: clock.now() }),
  ),
];
