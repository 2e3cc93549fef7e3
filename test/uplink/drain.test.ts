import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { World, receiptOn } from "../support/agent/world.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { FakeCloud, FakeFeed, handsOut } from "../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../support/time/clock.js";

const there = (...urls: readonly string[]) => ({
  ...({ type: "drain", afterMs: 0, windowMs: 0 } as const),
  urls: [...urls],
});

describe("a drain of version 2", () => {
  it("leads to where it says first, and HTTP goes there too", async () => {
    await using other = await FakeCloud.start(0, undefined, 2);
    await using world = await World.open({ protocol: 2 });
    (await world.cloud.welcomed()).say(there(other.url));
    const urgent = new FakeFeed();
    urgent.append([ban("203.0.113.1")]);
    const snapshot = urgent.snapshot([ban("203.0.113.1")]);
    other.serve = handsOut(snapshot);
    const link = await other.welcomed([urgent.snapshotPlan(snapshot)]);
    expect(await receiptOn(link)).toMatchObject({ banned: 1 });
    expect(world.cloud.links).toHaveLength(1);
  });

  it("leads back to the own URL where nobody is there, each tried once", async () => {
    await using one = await Closed.listen();
    await using other = await Closed.listen();
    await using world = await World.open({ protocol: 2 });
    (await world.cloud.welcomed()).say(there(one.url, other.url));
    await world.cloud.welcomed();
    expect([one.dials, other.dials]).toEqual([1, 1]);
  });

  it("answers no other cloud's challenge, wherever it leads", async () => {
    await using other = await FakeCloud.start(0, undefined, 2);
    await using world = await World.open({ protocol: 2 });
    (await world.cloud.welcomed()).say(there(other.url));
    const link = await other.link();
    link.challenge("evil.example");
    await link.closed();
    expect(link.untaken).toEqual([]);
    await world.cloud.welcomed();
  });

  it("goes back to the own URL once the other place is lost", async () => {
    await using other = await FakeCloud.start(0, undefined, 2);
    await using world = await World.open({ protocol: 2 });
    (await world.cloud.welcomed()).say(there(other.url, other.url));
    (await other.welcomed()).socket.close(4000);
    await world.cloud.welcomed();
    expect(other.links).toHaveLength(1);
  });

  it("is waited out, two minutes at most", async () => {
    const clock = new ManualClock(Date.now());
    await using world = await World.open({ protocol: 2, clock });
    const link = await world.cloud.welcomed();
    link.say({ type: "drain", afterMs: 90_000, windowMs: 0, urls: [] });
    await link.closed();
    await clock.advance(89_000);
    expect(world.cloud.links).toHaveLength(1);
    await clock.advance(2_000);
    await until("the next", () => world.cloud.links.length === 2);
    const next = await world.cloud.welcomed();
    next.say({ type: "drain", afterMs: 600_000, windowMs: 0, urls: [] });
    await next.closed();
    await clock.advance(115_000);
    expect(world.cloud.links).toHaveLength(2);
    await clock.advance(5_000);
    await until("the third", () => world.cloud.links.length === 3);
  });
});

/** A place where nobody speaks: it counts who comes, and hangs up. */
class Closed implements AsyncDisposable {
  dials = 0;
  readonly #server = createServer((socket) => {
    this.dials += 1;
    socket.destroy();
  });

  static async listen(): Promise<Closed> {
    const closed = new Closed();
    closed.#server.listen(0, "127.0.0.1");
    await once(closed.#server, "listening");
    return closed;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}
