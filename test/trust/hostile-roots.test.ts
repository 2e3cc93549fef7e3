import { describe, expect, it } from "@jest/globals";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { receiptOn, World } from "../support/agent/world.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import {
  after,
  besieged,
  document2,
  refused,
  root2,
  root3,
} from "../support/cloud/siege.js";
import { until } from "../support/time/clock.js";
import { NEXT_SIGNERS, signRoot } from "../support/vectors.js";

const VERSIONS = [1, 2] as const;

describe.each(VERSIONS)("a root, in version %i,", (protocol) => {
  it("that is pushed revokes a key at once, without a new connection", async () => {
    await using siege = await besieged({ protocol });
    const { world, link, urgent } = siege;
    link.say({ type: "root", root: root2 });
    const { position } = urgent;
    const stolen = new FakeFeed().append([ban("203.0.113.9")], after(urgent));
    link.push(stolen, urgent.append([ban("203.0.113.2")], {}, ["contentB"]));
    await refused(link, "bad-signature");
    await receiptOn(link);
    expect(world.host.ruleset).toEqual(["203.0.113.1", "203.0.113.2"]);
    expect(position.offset).toBe(1);
    expect(world.cloud.links).toHaveLength(1);
  });

  it("that was missed is fetched, one by one, before anything is verified", async () => {
    await using world = await World.open({ protocol });
    const asked = servesRoots(world, [root2, root3]);
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()], 30_000, 3);
    const stolen = urgent.append([ban("203.0.113.9")]);
    link.push(
      stolen,
      new FakeFeed().append([ban("203.0.113.1")], {}, ["contentB"]),
    );
    await refused(link, "bad-signature");
    await receiptOn(link);
    expect(asked).toEqual(["/v1/roots/2", "/v1/roots/3"]);
    expect(world.host.trust.roots.version).toBe(3);
    expect(world.host.keptRoots).toHaveLength(2);
    expect(world.host.ruleset).toEqual(["203.0.113.1"]);
  });

  it("that skips one, or that nobody signed, changes nothing", async () => {
    await using siege = await besieged({ protocol });
    const { world, link, urgent } = siege;
    const forged = signRoot(document2, ["stranger", "contentA"]);
    const half = signRoot(document2, ["rootA", "rootB"]);
    for (const root of [root3, forged, half]) link.say({ type: "root", root });
    link.push(urgent.append([ban("203.0.113.2")]));
    await receiptOn(link);
    expect(world.host.trust.roots.version).toBe(1);
  });

  it("of the own version and another content is told as a fork", async () => {
    await using siege = await besieged({ protocol });
    const { world, link, findings } = siege;
    const twin = signRoot({ ...document2, version: 1 }, NEXT_SIGNERS);
    link.say({ type: "root", root: twin });
    await world.settled(link);
    expect(findings()["feed-forked"]).toContain("another root 1");
  });

  it("that is said to be there and is not keeps nobody waiting for ever", async () => {
    await using world = await World.open({ protocol });
    const asked = servesRoots(world, [root2]);
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()], 30_000, 1_000_000);
    link.push(urgent.append([ban("203.0.113.1")], {}, ["contentB"]));
    await receiptOn(link);
    expect(asked).toEqual(["/v1/roots/2", "/v1/roots/3"]);
    link.heads(urgent);
    await until("another try", () => asked.length > 2);
    expect(asked[2]).toBe("/v1/roots/3");
  });

  it("is taken 64 times in a row at most", async () => {
    await using world = await World.open({ protocol });
    const roots = Array.from({ length: 80 }, (_, n) =>
      signRoot({ ...document2, version: n + 2 }, NEXT_SIGNERS),
    );
    const asked = servesRoots(world, roots);
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()], 30_000, 81);
    link.push(urgent.append([ban("203.0.113.1")], {}, ["contentB"]));
    await receiptOn(link);
    expect(asked).toHaveLength(64);
    link.heads(urgent);
    await until("the rest", () => world.host.trust.roots.version === 81);
  });

  it("that has run out lets nothing new in, keeps what is in force, and is healed by the next", async () => {
    await using siege = await besieged({ protocol });
    const { world, link, urgent, findings } = siege;
    const past = { ...document2, expiresAt: Date.now() - 1_000 };
    link.say({ type: "root", root: signRoot(past, NEXT_SIGNERS) });
    const next = urgent.append([ban("203.0.113.2")], {}, ["contentB"]);
    link.push(next);
    await refused(link, "expired");
    expect(findings()["root-expired"]).toMatch(/^root 2 is good until /);
    expect(await world.host.holds("203.0.113.1")).toEqual([true]);

    link.say({ type: "root", root: root3 });
    link.push(next);
    await receiptOn(link);
    expect(findings()).toEqual({});
  });
});

/** Hands out roots from root 2 on; what was asked for. */
function servesRoots(
  world: World,
  roots: readonly SignedText[],
): readonly string[] {
  const asked: string[] = [];
  world.cloud.serve = ({ url = "" }, response) => {
    asked.push(url);
    const root = roots[Number(url.split("/").at(-1)) - 2];
    if (root === undefined) response.writeHead(404).end();
    else response.end(JSON.stringify(root));
  };
  return asked;
}
