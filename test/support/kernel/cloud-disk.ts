import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { filesOf } from "../../../cloud/folder.js";
import { foundCloud, readOperatorToken } from "../../../cloud/setup.js";
import type { CloudStatus } from "../../../cloud/status.js";
import { command, freePort } from "../../cloud/process.js";
import { startTestCloud, type Enrolled } from "../cloud/cloud.js";
import { TestFolder } from "../folder.js";

/** A cloud of which a part, or all, lies on a disk of its own, with few MiB. */
export class CloudDisk implements Disposable {
  readonly #folder: TestFolder;
  readonly #disk: string;
  readonly dir: string;
  readonly url: string;

  private constructor(at: {
    readonly folder: TestFolder;
    readonly disk: string;
    readonly dir: string;
    readonly listen: string;
  }) {
    this.#folder = at.folder;
    this.#disk = at.disk;
    this.dir = at.dir;
    this.url = `http://${at.listen}`;
  }

  /** All of its folder lies on the disk. */
  static async ofAll(mebibytes: number): Promise<CloudDisk> {
    const folder = new TestFolder();
    const disk = mounted(join(folder.path, "disk"), mebibytes);
    const dir = join(disk, "cloud");
    const listen = await founded(dir);
    return new CloudDisk({ folder, disk, dir, listen });
  }

  /** Its observations alone lie on the disk. */
  static async ofObservations(mebibytes: number): Promise<CloudDisk> {
    const folder = new TestFolder();
    const dir = join(folder.path, "cloud");
    const listen = await founded(dir);
    const disk = mounted(filesOf(dir).observationsDir, mebibytes);
    return new CloudDisk({ folder, disk, dir, listen });
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
    const answer = await fetch(`${this.url}/api/v1/feeds`, { headers });
    type Feeds = { items: { feed: string; bans: number }[] };
    const { items } = (await answer.json()) as Feeds;
    return items.find((each) => each.feed === feed)?.bans;
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

function mounted(path: string, mebibytes: number): string {
  mkdirSync(path);
  const size = `size=${mebibytes}m`;
  execFileSync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", path]);
  return path;
}

/** A new cloud in the folder: where it is to listen. */
async function founded(dir: string): Promise<string> {
  const listen = `127.0.0.1:${await freePort()}`;
  foundCloud({ dir, name: "c", listen, publicUrl: undefined }, systemClock);
  return listen;
}

/** False when nothing more of it goes onto the disk. */
function wrote(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch {
    return false;
  }
}
