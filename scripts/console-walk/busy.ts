import {
  askAtDoor,
  letIn,
  type Person,
} from "../../test/support/cloud/people.js";
import type { Lively } from "../demonstration/lively.js";

/** News a second, which the stream brings to every page. */
const NEWS_PER_SECOND = 200;

/**
 * Makes news at that rate: tags of hosts, which are cheap for the cloud, and with
 * every fiftieth a ban that all hosts answer to, and later its lift.
 */
export class Busy implements AsyncDisposable {
  readonly #lively: Lively;
  readonly #scripts: readonly Person[];
  readonly #asked = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  readonly #banned: string[] = [];
  #lookedAt = performance.now();
  #due = 0;
  #made = 0;
  #refused = 0;

  private constructor(lively: Lively, scripts: readonly Person[]) {
    this.#lively = lively;
    this.#scripts = scripts;
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  /** A credential may ask a hundred times a second: these share the work. */
  static async begin(lively: Lively): Promise<Busy> {
    const { cloud, people } = lively;
    const door = { dir: cloud.dir, operator: people.demo.token };
    const scripts: Person[] = [];
    for (const name of ["script-1", "script-2", "script-3"]) {
      scripts.push(await letIn(door, { name, role: "admin" }));
    }
    return new Busy(lively, scripts);
  }

  /** How many changes the cloud took. */
  get made(): number {
    return this.#made;
  }

  get refused(): number {
    return this.#refused;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#asked);
  }

  #turn(): void {
    const now = performance.now();
    this.#due += (NEWS_PER_SECOND * (now - this.#lookedAt)) / 1_000;
    this.#due = Math.min(this.#due, NEWS_PER_SECOND);
    this.#lookedAt = now;
    for (; this.#due >= 1 && this.#asked.size < MOST_ASKED; this.#due -= 1) {
      const asked = this.#change(this.#made + this.#asked.size);
      this.#asked.add(asked);
      void asked.then(() => this.#asked.delete(asked));
    }
  }

  async #change(nth: number): Promise<void> {
    const by = this.#scripts[nth % this.#scripts.length]!;
    try {
      const { status } = await askAtDoor(
        ...([this.#lively.cloud, by.token, this.#order(nth)] as const),
      );
      if (status < 300) this.#made += 1;
      else this.#refused += 1;
    } catch {
      this.#refused += 1;
    }
  }

  #order(nth: number): readonly [string, string, object] {
    const { hosts } = this.#lively;
    if (nth % ONE_IN === 0) return this.#banOrLift(nth / ONE_IN);
    const { agent } = hosts[nth % hosts.length]!;
    const tags = ["busy", `turn-${nth % 1_000}`];
    return ["PUT", `/agents/${agent}/tags`, { tags }];
  }

  #banOrLift(nth: number): readonly [string, string, object] {
    const reason = "the soak";
    if (this.#banned.length >= MOST_BANNED) {
      return ["POST", "/lifts", { range: this.#banned.shift()!, reason }];
    }
    const range = `2001:db8:5:${(nth % 65_536).toString(16)}::/64`;
    this.#banned.push(range);
    return ["POST", "/bans", { range, for: "1h", reason }];
  }
}

const TURN_MS = 20;
const MOST_ASKED = 32;
const ONE_IN = 50;
const MOST_BANNED = 200;
