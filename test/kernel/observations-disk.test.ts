import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { systemClock } from "../../agent/runtime/clock.js";
import { foundCloud } from "../../cloud/setup.js";
import type { CloudStatus } from "../../cloud/status.js";
import { command, freePort, serve } from "../cloud/process.js";
import { contact, heavyHits } from "../cloud/telemetry/items.js";
import { TestAgent } from "../support/agent/test-agent.js";
import { startTestCloud, type Enrolled } from "../support/cloud/cloud.js";
import { TestFolder } from "../support/folder.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

/** A cloud whose observations lie on a disk of their own, of so many MiB. */
class OwnDisk implements Disposable {
  readonly #folder = new TestFolder();
  readonly dir = join(this.#folder.path, "cloud");
  readonly #disk = join(this.dir, "observations");
  url = "";

  private constructor() {
    // Made by `of`.
  }

  static async of(mebibytes: number): Promise<OwnDisk> {
    const made = new OwnDisk();
    const listen = `127.0.0.1:${await freePort()}`;
    const { dir } = made;
    foundCloud({ dir, name: "c", listen, publicUrl: undefined }, systemClock);
    mkdirSync(made.#disk);
    const size = `size=${mebibytes}m`;
    execFileSync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", made.#disk]);
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

  async order(...args: string[]) {
    return command(...args, "--dir", this.dir);
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

describeInNamespace("a cloud whose observations' disk is full", () => {
  it("decides on, and hosts get it; what they say is taken once there is room", async () => {
    using disk = await OwnDisk.of(16);
    const who = await disk.enrol();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    await agent.report(contact("203.0.113.9"));
    disk.fill();
    const refused = agent.report(contact("203.0.113.8"), heavyHits());
    await expect(refused).rejects.toThrow();

    for (let i = 1; i <= 20; i++) {
      const order = await disk.order("ban", `203.0.113.${i}`);
      expect({ i, ...order }).toMatchObject({ i, code: 0 });
      expect((await agent.nextSegment()).header.feed).toBe("urgent");
    }
    const list = Array.from({ length: 300 }, (_, n) => `45.0.${n % 250}.0/24`);
    expect((await disk.order("ban", ...new Set(list))).code).toBe(0);
    await agent.nextSegment();
    expect((await disk.order("revoke", who.agent)).code).toBe(0);
    expect((await agent.ended).reason).toBe("revoked");

    const { disk: around, observations, journal } = await disk.status();
    expect(around.state).toBe("roomy");
    expect(journal.laggingSince).toBeNull();
    expect(observations.disk?.state).not.toBe("roomy");
    expect((await disk.order("status")).out).toContain(
      "nothing that hosts say is kept; decisions go on",
    );

    disk.empty();
    await until("room", async () => {
      return (await disk.status()).observations.disk?.state === "roomy";
    });
    expect(await cloud.stop()).toBe(0);
  }, 120_000);

  it("takes what hosts say again once somebody made room", async () => {
    using disk = await OwnDisk.of(16);
    const who = await disk.enrol();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    disk.fill();
    await expect(agent.report(heavyHits())).rejects.toThrow();
    disk.empty();
    using again = await TestAgent.connect(disk, who);
    await until("what is taken", async () => {
      const taken = await again.report(heavyHits()).catch(() => "not");
      return taken !== "not";
    });
    expect(await cloud.stop()).toBe(0);
  }, 120_000);

  it("starts, welcomes agents and takes orders", async () => {
    using disk = await OwnDisk.of(16);
    const who = await disk.enrol();
    {
      await using cloud = await serve(disk.dir);
      await cloud.stop();
    }
    disk.fill();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    expect((await disk.order("ban", "203.0.113.2")).code).toBe(0);
    await agent.nextSegment();
    expect(await cloud.stop()).toBe(0);
  }, 120_000);
});
