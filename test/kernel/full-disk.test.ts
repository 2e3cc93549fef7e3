import { execFileSync } from "node:child_process";
import {
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { systemClock } from "../../agent/runtime/clock.js";
import { foundCloud, readOperatorToken } from "../../cloud/setup.js";
import type { CloudStatus } from "../../cloud/status.js";
import { command, freePort, serve } from "../cloud/process.js";
import { contact, heavyHits } from "../cloud/telemetry/items.js";
import { TestAgent } from "../support/agent/test-agent.js";
import { startTestCloud, type Enrolled } from "../support/cloud/cloud.js";
import { TestFolder } from "../support/folder.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

/** A cloud's folder on a disk of its own, with room for so many MiB. */
class SmallDisk implements Disposable {
  readonly #folder = new TestFolder();
  readonly dir = join(this.#folder.path, "disk", "cloud");
  readonly #disk = join(this.#folder.path, "disk");
  url = "";

  private constructor() {
    // Made by `of`.
  }

  static async of(mebibytes: number): Promise<SmallDisk> {
    const made = new SmallDisk();
    execFileSync("mkdir", [made.#disk]);
    const size = `size=${mebibytes}m`;
    execFileSync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", made.#disk]);
    const listen = `127.0.0.1:${await freePort()}`;
    const { dir } = made;
    foundCloud({ dir, name: "c", listen, publicUrl: undefined }, systemClock);
    made.url = `http://${listen}`;
    return made;
  }

  /** Somebody else takes all that is left, to the last block. */
  fill(): void {
    const file = openSync(join(this.#disk, "others"), "a");
    try {
      for (const bytes of [1 << 20, 1 << 16, 1 << 12]) {
        for (;;) if (!wrote(file, Buffer.alloc(bytes))) break;
      }
    } finally {
      closeSync(file);
    }
    expect(statfsSync(this.#disk).bavail).toBe(0);
  }

  empty(): void {
    rmSync(join(this.#disk, "others"));
  }

  async enrol(): Promise<Enrolled> {
    await using cloud = await startTestCloud({ dir: this.dir });
    return await cloud.enrol();
  }

  set(settings: object): void {
    const path = join(this.dir, "cloud.json");
    const before = JSON.parse(readFileSync(path, "utf8")) as object;
    writeFileSync(path, JSON.stringify({ ...before, ...settings }));
  }

  async order(...args: string[]) {
    return command(...args, "--dir", this.dir);
  }

  /** What the thread that keeps the bans has of a feed, the newest included. */
  async bansOf(feed: string): Promise<number | undefined> {
    const authorization = `Bearer ${readOperatorToken(this.dir)}`;
    const headers = { authorization };
    const answer = await fetch(`${this.url}/v1/feeds`, { headers });
    type Feeds = { feeds: { feed: string; bans: number }[] };
    const { feeds } = (await answer.json()) as Feeds;
    return feeds.find((each) => each.feed === feed)?.bans;
  }

  async status(): Promise<CloudStatus> {
    const { out } = await this.order("status", "--json");
    return JSON.parse(out) as CloudStatus;
  }

  [Symbol.dispose](): void {
    execFileSync("umount", ["--lazy", this.#disk]);
    this.#folder[Symbol.dispose]();
  }
}

/** False when nothing more of it goes onto the disk. */
function wrote(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch {
    return false;
  }
}

const MANY = { agentBurstMiB: 1_000, orgBurstMiB: 1_000 };

describeInNamespace("a cloud whose disk fills up", () => {
  it("stops taking telemetry first, and goes on with bans and lifts", async () => {
    using disk = await SmallDisk.of(24);
    disk.set({ telemetry: MANY });
    const who = await disk.enrol();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    let taken = 0;
    const report = () =>
      agent.report(contact("203.0.113.9"), heavyHits(), heavyHits());
    while (taken < 2_000) {
      const answered = await report().catch(() => "not taken");
      if (answered === "not taken") break;
      taken += 1;
    }
    expect(taken).toBeGreaterThan(10);
    expect(taken).toBeLessThan(1_000);
    const { disk: room, drops } = await disk.status();
    expect(room.state).not.toBe("roomy");
    expect(room.freeBytes).toBeGreaterThan(0);
    expect(room.reserveLeftBytes).toBe(room.reserveBytes);
    expect(drops["telemetry-no-room"]?.count).toBeGreaterThan(0);
    for (const order of ["ban", "lift"]) {
      expect((await disk.order(order, "203.0.113.7")).code).toBe(0);
      expect((await agent.nextSegment()).header.feed).toBe("urgent");
    }
    expect(agent.socket.readyState).toBe(agent.socket.OPEN);
    expect(await cloud.stop()).toBe(0);
  }, 90_000);

  it("takes orders from a reserve when others leave no room at all", async () => {
    using disk = await SmallDisk.of(24);
    const who = await disk.enrol();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    await until("a whole reserve", async () => {
      const { reserveLeftBytes, reserveBytes } = (await disk.status()).disk;
      return reserveLeftBytes === reserveBytes;
    });
    disk.fill();
    for (let i = 1; i <= 6; i++) {
      const order = await disk.order("ban", `203.0.113.${i}`);
      expect({ i, ...order }).toMatchObject({ i, code: 0 });
      await agent.nextSegment();
    }
    expect((await disk.order("lift", "203.0.113.1")).code).toBe(0);
    await agent.nextSegment();
    expect(await disk.bansOf("urgent")).toBe(5);
    expect((await disk.status()).disk.state).toBe("orders-only");
    expect(await cloud.stop()).toBe(0);
  }, 90_000);

  it("refuses what finds no room, tells so, and goes on once there is some", async () => {
    using disk = await SmallDisk.of(24);
    const who = await disk.enrol();
    disk.set({ disk: { reserveMiB: 1 } });
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    let refused = await disk.order("ban", "198.51.100.1");
    await agent.nextSegment();
    for (let i = 0; i < 40 && refused.code === 0; i++) {
      disk.fill(); // what the reserve gives up and nobody used is taken as well
      const ranges = Array.from({ length: 250 }, (_, n) => `45.${i}.${n}.0/24`);
      refused = await disk.order("ban", ...ranges);
    }
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("is full");
    expect(agent.socket.readyState).toBe(agent.socket.OPEN);
    disk.empty();
    await until("an order that is taken", async () => {
      const { code } = await disk.order("ban", "203.0.113.9");
      return code === 0;
    });
    const { journal } = await disk.status();
    expect(journal.laggingSince).toBeNull();
    await agent.report(heavyHits());
    expect(await cloud.stop()).toBe(0);
  }, 120_000);

  it("starts, welcomes agents and takes orders on a disk without room", async () => {
    using disk = await SmallDisk.of(24);
    const who = await disk.enrol();
    {
      await using cloud = await serve(disk.dir);
      expect((await disk.order("ban", "203.0.113.1")).code).toBe(0);
      await until("a whole reserve", async () => {
        const { reserveLeftBytes, reserveBytes } = (await disk.status()).disk;
        return reserveLeftBytes === reserveBytes;
      });
      await cloud.stop();
    }
    disk.fill();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    await agent.nextSegment();
    expect((await disk.order("ban", "203.0.113.2")).code).toBe(0);
    await agent.nextSegment();
    expect((await disk.order("lift", "203.0.113.2")).code).toBe(0);
    await agent.nextSegment();
    const { out } = await disk.order("status");
    expect(out).toContain(
      "NEARLY FULL: only operators' orders and identities are taken",
    );
    expect(await cloud.stop()).toBe(0);
  }, 90_000);
});
