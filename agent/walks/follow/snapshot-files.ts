import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fetchSnapshot, type FetchOptions } from "../../uplink/fetch.js";

/** Snapshots on their way in; what an interrupted one left is gone on with. */
export class SnapshotFiles {
  readonly #folder: string;
  readonly #underWay = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async fetch(
    from: FetchOptions,
    wanted: { readonly sha256: string; readonly bytes: number },
  ): Promise<Buffer> {
    const folder = this.#folder;
    this.#underWay.add(wanted.sha256);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await this.#forgetOthers(folder);
      const path = await fetchSnapshot(from, wanted, folder);
      const bytes = await readFile(path);
      await rm(path, { force: true });
      return bytes;
    } finally {
      this.#underWay.delete(wanted.sha256);
    }
  }

  /** What no feed is waiting for any more would only fill the disk. */
  async #forgetOthers(folder: string): Promise<void> {
    for (const name of await readdir(folder)) {
      const [sha256 = ""] = name.split(".");
      if (this.#underWay.has(sha256)) continue;
      await rm(join(folder, name), { force: true });
    }
  }
}
