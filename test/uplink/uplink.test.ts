import { createServer as createTcpServer, type Server } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { limits } from "../../agent/protocol/limits.js";
import { systemClock, type Clock } from "../../agent/runtime/clock.js";
import { signAsDevice } from "../../agent/trust/sign.js";
import { dial } from "../../agent/uplink/dial.js";
import {
  uplink,
  type UplinkItem,
  type UplinkPorts,
} from "../../agent/uplink/uplink.js";
import { FakeCloud } from "../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../support/time/clock.js";
import { keys } from "../support/vectors.js";

describe("the uplink", () => {
  it("introduces itself, then hands on what the cloud says", async () => {
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url);
    const link = await cloud.welcomed();
    link.say({ type: "resync", feed: "urgent", reason: "lag" });
    link.push(Buffer.from("signed bytes"));

    expect(await agent.next()).toMatchObject({
      kind: "up",
      session: { remoteAddress: "127.0.0.1", welcome: { agent: "agent-1" } },
    });
    expect(await agent.next()).toMatchObject({ message: { type: "resync" } });
    expect(await agent.next()).toMatchObject({
      kind: "segment",
      bytes: Buffer.from("signed bytes"),
    });
  });

  it("is one stream over many connections", async () => {
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url);
    const first = await cloud.welcomed();
    const up = await agent.up();
    expect(up.ended.aborted).toBe(false);
    first.socket.close(4000);
    await cloud.welcomed();

    expect(await agent.next()).toMatchObject({ kind: "up" });
    expect(up.ended.aborted).toBe(true);
    expect(agent.losses).toEqual([
      "the connection was closed with code 4000 (no reason), again in 0 ms",
    ]);
  });

  it("drops what is said into a lost link", async () => {
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url);
    const link = await cloud.welcomed();
    const up = await agent.up();
    link.socket.terminate();
    await cloud.welcomed();
    await agent.up();
    up.send({ type: "resume", feed: "urgent" });
    expect(cloud.links.at(-1)?.untaken).toEqual([]);
  });

  it("comes back within the window that a drain names", async () => {
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url, { random: () => 0.5 });
    const link = await cloud.welcomed();
    await agent.up();
    link.say({ type: "drain", windowMs: 1_200 });
    expect(await link.closed()).toBe(1000);
    await cloud.welcomed();
    expect(agent.losses).toEqual([
      "the cloud asked to reconnect within 1200 ms, again in 600 ms",
    ]);
  });
});

describe("what the cloud may not say", () => {
  it("ends the link, not the process", async () => {
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url);
    const utterances: [string | Buffer, string][] = [
      ["{", "malformed message from the cloud: is not JSON"],
      [`"${"x".repeat(limits.textBytes)}"`, "has more than 65536 bytes"],
      [JSON.stringify({ type: "obey" }), "malformed message from the cloud"],
      [Buffer.alloc(limits.segmentBytes + 1), "Max payload size exceeded"],
    ];
    for (const [said, why] of utterances) {
      const link = await cloud.welcomed();
      await agent.up();
      link.socket.send(said);
      await until("a loss", () => agent.losses.length > 0);
      expect(agent.losses.splice(0)[0]).toContain(why);
      expect(agent.errors.at(-1)?.name).toBe("LinkGarbled");
    }
  });

  it("is a segment before the welcome", async () => {
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url);
    const link = await cloud.link();
    link.challenge();
    link.push(Buffer.from("too early"));
    await until("a loss", () => agent.losses.length > 0);
    expect(agent.losses[0]).toContain("expected a welcome");
  });

  it("is anything but a challenge at first", async () => {
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url);
    const link = await cloud.link();
    link.say({ type: "resync", feed: "urgent", reason: "lag" });
    await until("a loss", () => agent.losses.length > 0);
    expect(agent.losses[0]).toContain("expected a challenge");
  });
});

describe("time on the uplink", () => {
  it("drops a cloud that accepts and never greets", async () => {
    const clock = new ManualClock();
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url, { clock });
    const link = await cloud.link();
    link.challenge();
    await link.next("hello");
    await clock.advance(19_999);
    expect(agent.losses).toEqual([]);
    await clock.advance(1);
    await until("a loss", () => agent.losses.length > 0);
    expect(agent.losses[0]).toContain("did not greet in time");
  });

  it("finds a silent link by its pings", async () => {
    const clock = new ManualClock();
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url, { clock });
    const link = await cloud.welcomed([], 1_000);
    await agent.up();
    link.socket.pause(); // no pong from now on
    await clock.advance(3_000);
    await until("a loss", () => agent.losses.length > 0);
    expect(agent.losses[0]).toContain("nothing was heard for two heartbeats");
  });

  it("forgives failures only after a minute of being connected", async () => {
    const clock = new ManualClock();
    await using cloud = await FakeCloud.start();
    await using agent = startUplink(cloud.url, { clock, random: () => 1 });
    const lose = async (connectedMs: number) => {
      const link = await cloud.welcomed([], 600_000);
      await agent.up();
      await clock.advance(connectedMs);
      link.socket.terminate();
      await until("a loss", () => agent.losses.length > 0);
      const delayMs = clock.due[0] ?? 0;
      await clock.advance(delayMs);
      agent.losses.splice(0);
      return delayMs;
    };
    expect(await lose(59_000)).toBe(1_000);
    expect(await lose(59_000)).toBe(2_000);
    expect(await lose(60_000)).toBe(1_000);
  });
});

describe("stopping the uplink", () => {
  it("while it dials ends at once", async () => {
    await using silent = await listen(createTcpServer());
    const agent = startUplink(`http://127.0.0.1:${silent.port}`);
    await until("a dial", () => silent.connections > 0);
    await agent[Symbol.asyncDispose]();
    expect(agent.losses).toEqual([]);
  });

  it("while it waits ends at once", async () => {
    const agent = startUplink("http://127.0.0.1:1", { random: () => 1 });
    await until("a loss", () => agent.losses.length > 0);
    await agent[Symbol.asyncDispose]();
  });

  it("while it listens closes the connection", async () => {
    await using cloud = await FakeCloud.start();
    const agent = startUplink(cloud.url);
    const link = await cloud.welcomed();
    await agent.up();
    await agent[Symbol.asyncDispose]();
    expect(await link.closed()).toBe(1006);
  });

  it("just as a dial succeeds closes the connection too", async () => {
    await using cloud = await FakeCloud.start();
    const stop = new AbortController();
    const ports = portsFor(cloud.url, systemClock, []);
    const items = uplink(
      {
        ...ports,
        dial: async (signal) => {
          const connection = await ports.dial(signal);
          stop.abort();
          return connection;
        },
      },
      stop.signal,
    );
    expect(await items.next()).toEqual({ done: true, value: undefined });
    const link = await cloud.link();
    await link.closed();
  });
});

/** An uplink that is followed, and what it reported. */
function startUplink(
  url: string,
  { clock = systemClock, random = () => 0 }: Partial<UplinkPorts> = {},
) {
  const losses: string[] = [];
  const errors: Error[] = [];
  const stop = new AbortController();
  const items = uplink(
    { ...portsFor(url, clock, losses, errors), random },
    stop.signal,
  );
  const waiting: UplinkItem[] = [];
  const done = (async () => {
    for await (const item of items) waiting.push(item);
  })();
  const next = async (): Promise<UplinkItem> => {
    await until("an item", () => waiting.length > 0);
    return waiting.shift()!;
  };
  return {
    losses,
    errors,
    next,
    up: async () => {
      const item = await next();
      if (item.kind !== "up") throw new Error(`expected up, got ${item.kind}`);
      return item.session;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}

function portsFor(
  url: string,
  clock: Clock,
  losses: string[],
  errors: Error[] = [],
): UplinkPorts {
  const wsUrl = new URL("/v1/agent", url.replace(/^http/, "ws"));
  const way = { ca: undefined, proxy: undefined };
  const options = { url: wsUrl, way, handshakeMs: 5_000, clock };
  return {
    dial: (signal) => dial(options, signal),
    hello: () => ({
      type: "hello",
      ...signAsDevice("hello", {}, keys.device),
    }),
    clock,
    random: () => 0,
    events: {
      linkLost: (error, ms) => {
        errors.push(error);
        losses.push(`${error.message}, again in ${ms} ms`);
      },
      policyTooLong: () => undefined,
    },
  };
}

async function listen(server: Server) {
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket: { destroy(): void }) => sockets.add(socket));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return sockets.size;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
