import { Crowd } from "../door/crowd.js";
import { HASHINGS_AT_ONCE, HASHINGS_WAITING } from "./budgets.js";
import { TryLater } from "./failures.js";
import { hashed, matches } from "./scrypt.js";

interface Waiting {
  readonly party: string;
  begin(): void;
  giveUp(): void;
}

/**
 * Hashes passwords, two at once: each takes 128 MiB and half a second. Others
 * wait; where too many do, the party with the most makes room.
 */
export class Hashing {
  #running = 0;
  /** The oldest first. */
  readonly #waiting = new Set<Waiting>();
  readonly #crowd = new Crowd<Waiting>(HASHINGS_WAITING);

  get waiting(): number {
    return this.#waiting.size;
  }

  /** @throws TryLater */
  async hash(password: string, party: string): Promise<string> {
    return this.#inTurn(party, () => hashed(password));
  }

  /**
   * As `matches` in `scrypt.ts`.
   * @throws TryLater
   */
  async matches(
    password: string,
    kept: string | undefined,
    party: string,
  ): Promise<boolean> {
    return this.#inTurn(party, () => matches(password, kept));
  }

  async #inTurn<T>(party: string, act: () => Promise<T>): Promise<T> {
    if (this.#running >= HASHINGS_AT_ONCE) await this.#turn(party);
    else this.#running += 1;
    try {
      return await act();
    } finally {
      this.#handOn();
    }
  }

  /** Resolves with a place among those that run. */
  #turn(party: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new TryLater(CROWDED, CROWDED_MS));
      const one: Waiting = { party, begin: resolve, giveUp };
      this.#waiting.add(one);
      const other = this.#crowd.enter(one, party);
      if (other === undefined) return;
      this.#waiting.delete(other);
      other.giveUp();
    });
  }

  #handOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    this.#crowd.leave(next, next.party);
    next.begin();
  }
}

const CROWDED = "too many passwords are looked at already";

/** About what those who wait take together. */
const CROWDED_MS = 10_000;
