import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import { isDiskTrouble, NoRoom } from "../disk/room.js";
import { RangeStore } from "../lists/range-store.js";

/** What lies there is not what was proposed. */
export class ListChanged extends Error {
  override readonly name = "ListChanged";
}

/** What of a list is written into the log. */
export interface FileSums {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/**
 * The ranges of proposed imports as they were read, one a line with its own term
 * in seconds where it has one: each in a file until its proposal is over.
 */
export class ListFiles {
  readonly #dir: string;
  /** Files that are written just now, whose proposal is yet to come. */
  readonly #young = new Set<string>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Durable once it resolves.
   * @param mayHave throws where it has more bytes than it may
   * @throws NoRoom, and then nothing is left
   */
  async write(
    proposal: string,
    ranges: RangeStore,
    mayHave: (bytes: number) => void,
  ): Promise<FileSums & Disposable> {
    this.#young.add(proposal);
    const young = { [Symbol.dispose]: () => void this.#young.delete(proposal) };
    try {
      return { ...(await this.#write(proposal, ranges, mayHave)), ...young };
    } catch (error) {
      young[Symbol.dispose]();
      await rm(this.#pathOf(proposal), { force: true }).catch(() => undefined);
      if (isDiskTrouble(error)) throw new NoRoom(this.#dir, { cause: error });
      throw error;
    }
  }

  /** @throws ListChanged where it is gone, or not what was proposed */
  async read(proposal: string, sums: FileSums): Promise<RangeStore> {
    const path = this.#pathOf(proposal);
    const ranges = new RangeStore();
    const hash = createHash("sha256");
    try {
      const input = createReadStream(path);
      input.on("data", (chunk) => hash.update(chunk));
      for await (const line of createInterface({ input })) {
        const [range = "", timeout] = line.split(" ");
        ranges.add(
          parseCidr(range),
          timeout === undefined ? undefined : Number(timeout),
        );
      }
    } catch (cause) {
      throw this.#unreadable(proposal, cause);
    }
    if (hash.digest("hex") === sums.sha256) return ranges;
    throw new ListChanged(`${path} is not the list that was proposed`);
  }

  /**
   * The first ranges, for people to look at: without a look at all of the file.
   * @throws ListChanged where it is gone, or holds something else than ranges
   */
  async first(proposal: string, most: number): Promise<readonly string[]> {
    const ranges: string[] = [];
    const input = createReadStream(this.#pathOf(proposal));
    try {
      for await (const line of createInterface({ input })) {
        const [range = ""] = line.split(" ");
        ranges.push(formatCidr(parseCidr(range)));
        if (ranges.length >= most) break;
      }
    } catch (cause) {
      throw this.#unreadable(proposal, cause);
    } finally {
      input.destroy();
    }
    return ranges;
  }

  remove(proposal: string): void {
    rmSync(this.#pathOf(proposal), { force: true });
  }

  /** Removes what belongs to no proposal that is open. */
  sweep(open: readonly string[]): void {
    const kept = new Set([...open, ...this.#young]);
    for (const name of this.#names()) {
      if (!kept.has(name)) rmSync(join(this.#dir, name), { force: true });
    }
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#dir);
    } catch {
      return [];
    }
  }

  async #write(
    proposal: string,
    ranges: RangeStore,
    mayHave: (bytes: number) => void,
  ): Promise<FileSums> {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    await using file = await open(this.#pathOf(proposal), "wx", 0o600);
    const hash = createHash("sha256");
    let bytes = 0;
    for (const text of chunksOf(ranges)) {
      bytes += text.length;
      mayHave(bytes);
      hash.update(text);
      await file.writeFile(text);
      await nextTurn();
    }
    await file.sync();
    const folder = await open(this.#dir, "r");
    await folder.sync().finally(() => folder.close());
    return { bytes, sha256: hash.digest("hex") };
  }

  #unreadable(proposal: string, cause: unknown): ListChanged {
    const path = this.#pathOf(proposal);
    const why = `the list of ${proposal} cannot be read from ${path}`;
    return new ListChanged(why, { cause });
  }

  #pathOf(proposal: string): string {
    return join(this.#dir, proposal);
  }
}

/** Lines, some thousand at a time. */
function* chunksOf(ranges: RangeStore): Generator<string> {
  let lines: string[] = [];
  for (const { cidr, timeout } of ranges) {
    const own = timeout === undefined ? "" : ` ${timeout}`;
    lines.push(`${formatCidr(cidr)}${own}\n`);
    if (lines.length < LINES_A_TURN) continue;
    yield lines.join("");
    lines = [];
  }
  if (lines.length > 0) yield lines.join("");
}

const LINES_A_TURN = 2_000;
