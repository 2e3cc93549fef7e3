import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import type { Cidr } from "../model/cidr.js";

/** What a file names, and what is wrong with the rest of it. */
export interface Named {
  readonly cidrs: readonly Cidr[];
  readonly problem: string | undefined;
}

/**
 * Small files of other programs, read again and again. What one said last counts
 * for as long as it can't be read or is garbage; what is wrong is told once.
 */
export class SmallFiles {
  readonly #tell: (path: string, why: unknown) => void;
  readonly #last = new Map<string, readonly Cidr[]>();
  readonly #told = new Map<string, string>();

  constructor(tell: (path: string, why: unknown) => void) {
    this.#tell = tell;
  }

  /** The addresses that a file names; none where there is no such file. */
  async read(
    path: string,
    parse: (bytes: Buffer) => Named,
  ): Promise<readonly Cidr[]> {
    try {
      const bytes = await readStart(path);
      if (bytes === undefined) return this.#keep(path, NONE, undefined);
      const { cidrs, problem } = parse(bytes);
      const isGarbage = problem !== undefined && cidrs.length === 0;
      return this.#keep(path, isGarbage ? undefined : cidrs, problem);
    } catch (error) {
      return this.#keep(path, undefined, error);
    }
  }

  /** The addresses that the files of a folder name whose names match. */
  async readFolder(
    folder: string,
    pattern: RegExp,
    parse: (bytes: Buffer) => Named,
    most = MOST_FILES,
  ): Promise<readonly Cidr[]> {
    const names = (await this.#namesIn(folder)).filter((n) => pattern.test(n));
    const found: Cidr[] = [];
    for (const name of names.slice(0, most)) {
      found.push(...(await this.read(`${folder}/${name}`, parse)));
    }
    if (names.length > most) {
      this.#sayOnce(folder, `only ${most} of ${names.length} are read`);
    }
    return found;
  }

  async #namesIn(folder: string): Promise<readonly string[]> {
    try {
      return (await readdir(folder)).sort();
    } catch (error) {
      if (!isAbsent(error)) this.#sayOnce(folder, error);
      return [];
    }
  }

  #keep(
    path: string,
    cidrs: readonly Cidr[] | undefined,
    problem: unknown,
  ): readonly Cidr[] {
    if (problem === undefined) this.#told.delete(path);
    else this.#sayOnce(path, problem);
    if (cidrs === undefined) return this.#last.get(path) ?? NONE;
    this.#last.delete(path);
    if (cidrs.length > 0) this.#last.set(path, cidrs);
    bound(this.#last);
    return cidrs;
  }

  #sayOnce(path: string, why: unknown): void {
    const text = String(why);
    if (this.#told.get(path) === text) return;
    this.#told.set(path, text);
    bound(this.#told);
    this.#tell(path, why);
  }
}

/**
 * The beginning of a file, as far as 64 KiB; undefined when there is none. What
 * is no file is refused: a pipe would be waited for.
 */
async function readStart(path: string): Promise<Buffer | undefined> {
  try {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    await using file = await open(path, flags);
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error("is no regular file");
    // Files of the kernel's own say that they are empty.
    const length = Math.min(stat.size || MOST_BYTES, MOST_BYTES);
    const room = Buffer.alloc(length);
    const { buffer, bytesRead } = await file.read(room, 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  if (!("code" in error)) return false;
  return error.code === "ENOENT" || error.code === "ENOTDIR";
}

/** Forgets the oldest. */
function bound(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= MOST_REMEMBERED) return;
    map.delete(key);
  }
}

const MOST_BYTES = 64 * 1024;
const MOST_FILES = 64;
const MOST_REMEMBERED = 2_048;

const NONE: readonly Cidr[] = [];
