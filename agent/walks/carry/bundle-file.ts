import { closeSync, mkdirSync, openSync, rmSync, statfsSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { ByteSource } from "../../protocol/bundle.js";
import { limits } from "../../protocol/limits.js";
import { readAt } from "../../runtime/read-at.js";

/** What was handed in cannot be taken for a bundle at all: too much, or cut off. */
export class NotReceived extends Error {
  override readonly name = "NotReceived";
}

/**
 * A bundle in a file of the agent's own: who hands it in may read what a sandboxed
 * agent can't. One at a time, bounded, and gone once it is closed.
 */
export class BundleFile implements ByteSource, Disposable {
  readonly size: number;
  readonly #path: string;
  readonly #file: number;

  private constructor(path: string, size: number) {
    this.#path = path;
    this.size = size;
    this.#file = openSync(path, "r");
  }

  /**
   * Takes in exactly so many bytes.
   * @throws NotReceived, and what writing throws; nothing is left of it then
   */
  static async receive(
    folder: string,
    bytes: AsyncIterable<Uint8Array>,
    size: number,
  ): Promise<BundleFile> {
    if (!(size <= limits.bundleBytes)) {
      throw new NotReceived(
        `a bundle has at most ${limits.bundleBytes} bytes, and this has ${size}`,
      );
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, "bundle");
    rmSync(path, { force: true }); // left over from a crash
    mustLeaveRoom(folder, size);
    try {
      await write(path, bytes, size);
      return new BundleFile(path, size);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }

  read(at: number, length: number): Uint8Array {
    return readAt(this.#file, at, length);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}

async function write(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  let have = 0;
  for await (const chunk of chunks) {
    have += chunk.length;
    if (have > size) throw new NotReceived(`more came than ${size} bytes`);
    await file.writeFile(chunk);
  }
  if (have < size) {
    throw new NotReceived(`${have} of ${size} bytes came, and then no more`);
  }
}

/** The ledger is beside it, and needs what is left more. */
function mustLeaveRoom(folder: string, size: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize - size >= LEFT_BYTES) return;
  throw new NotReceived(
    `the state folder has no room for ${size} bytes beside what the ledger may need`,
  );
}

const LEFT_BYTES = 64 * 1024 * 1024;
