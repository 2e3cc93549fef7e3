import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { wire1, wires, type Wire } from "../../../agent/protocol/wire.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type Enrolled,
} from "../../support/cloud/cloud.js";
import { runHere } from "../cli/operator.js";
import { freePort, serve } from "../process.js";

describe.each(wires)(
  "strangers with fragments, in version $version,",
  (wire) => {
    it("cost a bounded amount of memory, and leave room for an agent", async () => {
      await using site = await Site.open();
      const before = site.residentBytes();
      const strangers = await Promise.all(
        Array.from({ length: 150 }, () => site.upgraded(wire)),
      );
      const pieces = Buffer.concat(Array.from({ length: 16_000 }, fragment));
      for (const stranger of strangers) stranger.write(pieces);
      await Promise.all(strangers.map(gone));
      expect(site.residentBytes() - before).toBeLessThan(120 * MIB);
      using agent = await TestAgent.connect(site, site.who);
      expect(agent.welcome.agent).toBe(site.who.agent);
      const { out } = await runHere("status", "--json", "--dir", site.dir);
      expect(JSON.parse(out)).toMatchObject({
        drops: { "hellos-too-large": { count: 150 } },
      });
    });

    it("are cut off whether they come as fragments, pings, or one byte at a time", async () => {
      await using site = await Site.open();
      const frames: Record<string, Buffer> = {
        text: masked(0x81, Buffer.alloc(60_000, "x")),
        pings: Buffer.concat(Array.from({ length: 2_000 }, ping)),
        fragments: Buffer.concat(Array.from({ length: 2_000 }, fragment)),
      };
      for (const bytes of Object.values(frames)) {
        const stranger = await site.upgraded(wire);
        stranger.write(bytes);
        await gone(stranger);
      }
      const slow = await site.upgraded(wire);
      slow.setNoDelay(true);
      slow.write(Buffer.from([0x81, 0xfe]));
      const drip = setInterval(() => slow.write("x"), 1);
      await gone(slow);
      clearInterval(drip);
    });
  },
);

describe("idle strangers", () => {
  it("shut the door neither to agents nor to operators, however few files there are", async () => {
    await using site = await Site.open(["prlimit", "--nofile=400:400"]);
    const idle = await Promise.all(
      Array.from({ length: 600 }, () => site.connected()),
    );
    using agent = await TestAgent.connect(site, site.who);
    const ban = await runHere("ban", "203.0.113.7", "--dir", site.dir);
    expect(ban.code).toBe(0);
    expect((await agent.nextSegment()).header.feed).toBe("urgent");
    const open = await fetch(`${site.url}/healthz`);
    expect(open.status).toBe(200);
    const { out } = await runHere("status", "--json", "--dir", site.dir);
    const { connections, drops } = JSON.parse(out) as {
      connections: { strangers: number; most: number };
      drops: Record<string, { count: number }>;
    };
    expect(connections.most).toBe(80);
    expect(connections.strangers).toBeLessThanOrEqual(40);
    expect(drops["connections-crowded-out"]?.count).toBeGreaterThan(500);
    expect(agent.socket.readyState).toBe(agent.socket.OPEN);
    for (const socket of idle) socket.destroy();
  });

  it("have seconds for the head of a request", async () => {
    await using site = await Site.open();
    const slow = await site.connected();
    slow.write("GET /v1/root HTTP/1.1\r\nX-Slow: ");
    const drip = setInterval(() => slow.write("x"), 500);
    const silent = await site.connected();
    await Promise.all([gone(slow), gone(silent)]);
    clearInterval(drip);
  });
});

/** A cloud in a process of its own, and an agent that it knows. */
class Site implements AsyncDisposable {
  private constructor(
    readonly dir: string,
    readonly who: Enrolled,
    readonly port: number,
    private readonly parts: {
      readonly cloud: Awaited<ReturnType<typeof serve>>;
      readonly folder: Disposable;
    },
  ) {}

  static async open(by: readonly string[] = []): Promise<Site> {
    const folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const port = await freePort();
    const listen = `127.0.0.1:${port}`;
    foundCloud({ dir, name: "c", listen, publicUrl: undefined }, systemClock);
    const who = await enrolIn(dir);
    const cloud = await serve(dir, by);
    return new Site(dir, who, port, { cloud, folder });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  residentBytes(): number {
    const text = readFileSync(`/proc/${this.parts.cloud.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]) * 1024;
  }

  async connected(): Promise<Socket> {
    const socket = connect(this.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, "connect");
    return socket;
  }

  /** A session that has said nothing yet. */
  async upgraded(wire = wire1): Promise<Socket> {
    const socket = await this.connected();
    socket.write(upgradeTo(wire));
    await once(socket, "data");
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.cloud[Symbol.asyncDispose]();
    this.parts.folder[Symbol.dispose]();
  }
}

async function enrolIn(dir: string): Promise<Enrolled> {
  await using cloud = await startTestCloud({ dir });
  return await cloud.enrol();
}

const gone = (socket: Socket): Promise<true> =>
  eventually(() => (socket.destroyed ? true : undefined));

const upgradeTo = ({ subprotocol }: Wire): string =>
  [
    "GET /v1/agent HTTP/1.1",
    "Host: cloud",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
    `Sec-WebSocket-Protocol: ${subprotocol}`,
    "\r\n",
  ].join("\r\n");

/** A short frame whose mask is zeros. */
function masked(head: number, payload: Buffer): Buffer {
  const { length } = payload;
  const size =
    length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([head, ...size, 0, 0, 0, 0]), payload]);
}

/** The next piece of a message that never ends. */
const fragment = (_: unknown, i: number): Buffer =>
  masked(i === 0 ? 0x01 : 0x00, Buffer.from("x"));

const ping = (): Buffer => masked(0x89, Buffer.from("x"));

const MIB = 1024 * 1024;
