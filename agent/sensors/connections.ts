import { RecentMap } from "./recent-map.js";
import type { AuthEvent } from "./sshd.js";

/**
 * Weighs the signs of connections, so that one that logs three lines has not
 * failed three times: a connection has as many failures as it had attempts, and
 * at least one. A login takes back what its own connection counted, for whoever
 * mistyped; not what others of the same address did, else an attacker who has an
 * account here could guess others' passwords for ever.
 */
export class Connections {
  readonly #most: number;
  readonly #open = new RecentMap<Weighed>();

  /** At most so many connections are remembered; the oldest are let go of. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * How many failures this sign adds; negative when it takes some back. `at` is
   * in milliseconds of a clock that never goes back.
   */
  weigh(connection: string, kind: AuthEvent["kind"], at: number): number {
    const known = this.#open.get(connection);
    const before =
      known && known.at + LONGEST_LOGIN_MS > at ? known : undefined;
    if (kind === "accepted") {
      this.#open.delete(connection);
      return -(before?.counted ?? 0);
    }
    const attempts = (before?.attempts ?? 0) + Number(kind === "attempt");
    const counted = Math.max(1, attempts);
    this.#open.set(connection, { attempts, counted, at });
    this.#open.bound(this.#most);
    return counted - (before?.counted ?? 0);
  }
}

interface Weighed {
  readonly at: number;
  readonly attempts: number;
  readonly counted: number;
}

/** After that, the same port or process is another connection's: sshd gives two minutes to log in. */
const LONGEST_LOGIN_MS = 600_000;
