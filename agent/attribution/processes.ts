import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CallingProcess } from "../model/contact.js";
import { placeOfProcess, type Place } from "./cgroup-path.js";

/**
 * Processes of this host, as `/proc` shows them. A process may end at any
 * moment and may not be ours to look at: then there is nothing to tell of it.
 */
export class Processes {
  readonly #root: string;

  constructor(root = "/proc") {
    this.#root = root;
  }

  /**
   * A process that holds the socket, the likely ones looked at first. Processes
   * of others can be looked into with CAP_SYS_PTRACE only. Lets the event loop
   * turn, and gives up after so many descriptors.
   */
  async holderOf(
    inode: number,
    likely: readonly number[],
  ): Promise<number | undefined> {
    const wanted = `socket:[${inode}]`;
    let looked = 0;
    for (const pid of [...likely, ...this.#others(likely)]) {
      const folder = join(this.#root, String(pid), "fd");
      for (const name of names(folder)) {
        if (linkAt(join(folder, name)) === wanted) return pid;
        if (++looked % LOOKS_A_TURN === 0) await nextTurn();
        if (looked >= MOST_LOOKS) return undefined;
      }
      if (++looked % LOOKS_A_TURN === 0) await nextTurn();
    }
    return undefined;
  }

  /** What the process calls itself, and its program. */
  describe(pid: number): CallingProcess | undefined {
    const name = this.#text(pid, "comm")?.replace(/\n$/, "");
    if (name === undefined) return undefined;
    return { pid, name, program: linkAt(this.#path(pid, "exe")) };
  }

  /** In which unit and container it is. */
  placeOf(pid: number): Place | undefined {
    const text = this.#text(pid, "cgroup");
    return text === undefined ? undefined : placeOfProcess(text);
  }

  /** The number of the user that it acts as. */
  uidOf(pid: number): number | undefined {
    const effective = /^Uid:\t\d+\t(\d+)/m.exec(
      this.#text(pid, "status") ?? "",
    )?.[1];
    return effective === undefined ? undefined : Number(effective);
  }

  /** The sockets of the network that it is in, as "net/tcp" and its like list. */
  socketsOf(pid: number, table: string): string | undefined {
    return this.#text(pid, join("net", table));
  }

  #others(likely: readonly number[]): number[] {
    const known = new Set(likely);
    return names(this.#root)
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => !known.has(pid));
  }

  #text(pid: number, file: string): string | undefined {
    try {
      return readFileSync(this.#path(pid, file), "utf8");
    } catch {
      return undefined;
    }
  }

  #path(pid: number, file: string): string {
    return join(this.#root, String(pid), file);
  }
}

/** Empty for what has gone, or is not ours to read. */
function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Some two microseconds each: half a millisecond between two turns. */
const LOOKS_A_TURN = 256;

/** Half a second of work at most. */
const MOST_LOOKS = 262_144;
