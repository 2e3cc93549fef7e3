import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { SocketsOfLogins } from "./admin-sessions.js";

/**
 * sshd's processes, as `/proc` shows them. Which socket one holds is told to
 * those alone who may look into processes of others: the service as it is
 * shipped may not, and relies on what logind and utmp have recorded.
 */
export class SshProcesses implements SocketsOfLogins {
  readonly #root: string;

  constructor(root = "/proc") {
    this.#root = root;
  }

  /** Of these sockets those that a process serves a logged-in user by. */
  async serving(inodes: ReadonlySet<number>): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    if (inodes.size === 0 || !this.#mayLook()) return found;
    let looked = 0;
    let asked = 0;
    for (const pid of numbersIn(this.#root)) {
      if (++looked % LOOKS_A_TURN === 0) await nextTurn();
      if (!NAMES.has(this.#nameOf(pid)) || !this.#serves(pid)) continue;
      for (const inode of this.#socketsOf(pid)) {
        if (inodes.has(inode)) found.add(inode);
      }
      if (++asked === MOST_SERVING) break;
    }
    return found;
  }

  /** Whether a process is root's and calls itself as sshd's do. */
  isSshd(pid: number): boolean {
    return NAMES.has(this.#nameOf(pid)) && this.#statusOf(pid).uid === 0;
  }

  /** Whoever may not look into the first process may not into root's others. */
  #mayLook(): boolean {
    return this.#link("1", "exe") !== undefined;
  }

  /**
   * sshd calls the process that serves a user by his name, and by his terminals.
   * As long as nobody has logged in, what it is about stands in brackets. Only
   * its own word counts: the process, or the one that it comes from, is root's.
   */
  #serves(pid: number): boolean {
    if (!SERVING.test(this.#text(pid, "cmdline").replace(/[\0 ]+$/, ""))) {
      return false;
    }
    const { uid, parent } = this.#statusOf(pid);
    return this.#isProgram(pid, uid) || this.#isProgram(parent);
  }

  #isProgram(pid: number, uid = this.#statusOf(pid).uid): boolean {
    const program = this.#link(pid, "exe")?.replace(/ \(deleted\)$/, "");
    return uid === 0 && program !== undefined && NAMES.has(basename(program));
  }

  /** Connections come early: before whatever a user has forwarded. */
  #socketsOf(pid: number): readonly number[] {
    const folder = join(String(pid), "fd");
    return numbersIn(join(this.#root, folder))
      .sort((a, b) => a - b)
      .slice(0, MOST_DESCRIPTORS)
      .flatMap((fd) => {
        const link = this.#link(folder, String(fd));
        const inode = /^socket:\[(\d+)\]$/.exec(link ?? "")?.[1];
        return inode === undefined ? [] : [Number(inode)];
      });
  }

  #statusOf(pid: number): { readonly uid: number; readonly parent: number } {
    const text = this.#text(pid, "status");
    return {
      uid: Number(/^Uid:\t\d+\t(\d+)/m.exec(text)?.[1] ?? NaN),
      parent: Number(/^PPid:\t(\d+)/m.exec(text)?.[1] ?? NaN),
    };
  }

  #nameOf(pid: number): string {
    return this.#text(pid, "comm").trimEnd();
  }

  /** A process may end at any moment: then there is nothing to tell of it. */
  #text(pid: number, file: string): string {
    try {
      return readFileSync(join(this.#root, String(pid), file), "utf8");
    } catch {
      return "";
    }
  }

  #link(folder: number | string, file: string): string | undefined {
    try {
      return readlinkSync(join(this.#root, String(folder), file));
    } catch {
      return undefined;
    }
  }
}

/** Empty for what has gone, or is not ours to read. */
function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** OpenSSH has had a program of its own for each session since 9.8. */
const NAMES: ReadonlySet<string> = new Set(["sshd", "sshd-session"]);

/** "sshd: alice@pts/0,pts/1", "sshd: alice@notty", or "sshd: alice" for `ssh -N`. */
const SERVING = /^sshd(?:-session)?: [^\s[\]]+$/;

/** Some ten microseconds each. */
const LOOKS_A_TURN = 64;

/** More users at once are served by no host that is administered over them. */
const MOST_SERVING = 1_024;
const MOST_DESCRIPTORS = 64;
