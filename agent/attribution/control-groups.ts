import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../runtime/clock.js";

/**
 * The control groups of the unified hierarchy, found by the number that the
 * kernel gives a socket's: the inode of the group's folder. Anybody may read
 * them, so they tell a unit even where processes may not be looked into.
 */
export class ControlGroups {
  readonly #root: string | undefined;
  readonly #clock: Pick<Clock, "monotonic">;
  #paths: ReadonlyMap<bigint, string> = new Map();
  #walkedAt = -Infinity;

  constructor(clock: Pick<Clock, "monotonic">, roots = ROOTS) {
    this.#clock = clock;
    this.#root = roots.find((root) => existsSync(join(root, "cgroup.procs")));
  }

  /** Path below the root, such as "/system.slice/ssh.service". */
  async pathOf(id: bigint): Promise<string | undefined> {
    const known = this.#paths.get(id);
    if (known !== undefined && this.#idAt(known) === id) return known;
    const now = this.#clock.monotonic();
    if (now - this.#walkedAt < BETWEEN_WALKS_MS) return undefined;
    this.#walkedAt = now;
    this.#paths = await this.#walk();
    return this.#paths.get(id);
  }

  /** The processes that are in the group itself, not in one within it. */
  membersOf(path: string): readonly number[] {
    if (this.#root === undefined) return [];
    try {
      const text = readFileSync(join(this.#root, path, "cgroup.procs"), "utf8");
      return text.split("\n", MOST_MEMBERS).filter(Boolean).map(Number);
    } catch {
      return []; // it has gone
    }
  }

  /** Every group's path, as the last walk found them and after a walk if need be. */
  async all(): Promise<readonly string[]> {
    const now = this.#clock.monotonic();
    if (now - this.#walkedAt >= BETWEEN_WALKS_MS) {
      this.#walkedAt = now;
      this.#paths = await this.#walk();
    }
    return [...this.#paths.values()];
  }

  async #walk(): Promise<ReadonlyMap<bigint, string>> {
    const found = new Map<bigint, string>();
    const ahead = [""];
    for (let path = ahead.pop(); path !== undefined; path = ahead.pop()) {
      const id = this.#idAt(path);
      if (id !== undefined) found.set(id, path === "" ? "/" : path);
      ahead.push(...this.#within(path));
      if (found.size >= MOST_GROUPS) break;
      if (found.size % GROUPS_A_TURN === 0) await nextTurn();
    }
    return found;
  }

  #within(path: string): string[] {
    try {
      return readdirSync(join(this.#root ?? "", path), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${path}/${name}`);
    } catch {
      return [];
    }
  }

  #idAt(path: string): bigint | undefined {
    if (this.#root === undefined) return undefined;
    const options = { bigint: true, throwIfNoEntry: false } as const;
    return statSync(join(this.#root, path), options)?.ino;
  }
}

/** Where it is mounted: alone, or beside the first version's controllers. */
const ROOTS: readonly string[] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

const BETWEEN_WALKS_MS = 2_000;
const MOST_GROUPS = 16_384;
const GROUPS_A_TURN = 32;
const MOST_MEMBERS = 4_096;
