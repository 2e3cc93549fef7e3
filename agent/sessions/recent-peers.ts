import type { CidrSet } from "./cidr-set.js";
import { addressKey } from "./cidr-set.js";

/** With how many of some ranges' addresses this host spoke. */
export interface Seen {
  readonly remotes: number;
  /** Those of them that this host called itself. */
  readonly begun: number;
}

/**
 * Whom this host spoke with lately, in memory alone: remote addresses, when each
 * was last seen, and whether this host called it. Of more than `most` the
 * longest unseen are forgotten; what it then no longer knows of moves `since`.
 * Times are milliseconds of one clock that never goes back.
 */
export class RecentPeers {
  readonly #most: number;
  readonly #windowMs: number;
  readonly #begunAt: number;
  /** In the order they were last seen: the longest unseen comes first. */
  readonly #remotes = new Map<string | number, Remote>();
  #forgottenAt = -Infinity;

  constructor(begunAt: number, { most, windowMs }: RecentPeersLimits = LIMITS) {
    this.#begunAt = begunAt;
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** `address` is 4 or 16 bytes in network order, and is copied. */
  saw(address: Uint8Array, begun: boolean, at: number): void {
    const key = addressKey(address);
    const known = this.#remotes.get(key);
    this.#remotes.delete(key);
    this.#remotes.set(key, {
      address: known?.address ?? Uint8Array.from(address),
      begun: begun || (known?.begun ?? false),
      at,
    });
    if (this.#remotes.size > this.#most) this.#forgetFirst();
  }

  count(ranges: CidrSet, now: number): Seen {
    this.#expire(now);
    let remotes = 0;
    let begun = 0;
    for (const remote of this.#remotes.values()) {
      if (!ranges.has(remote.address)) continue;
      remotes += 1;
      if (remote.begun) begun += 1;
    }
    return { remotes, begun };
  }

  /** From when on nobody who was seen is missing. */
  since(now: number): number {
    return Math.max(this.#begunAt, this.#forgottenAt, now - this.#windowMs);
  }

  get size(): number {
    return this.#remotes.size;
  }

  #expire(now: number): void {
    for (const [key, { at }] of this.#remotes) {
      if (at >= now - this.#windowMs) return;
      this.#remotes.delete(key);
    }
  }

  #forgetFirst(): void {
    for (const [key, { at }] of this.#remotes) {
      this.#remotes.delete(key);
      this.#forgottenAt = at;
      return;
    }
  }
}

interface Remote {
  readonly address: Uint8Array;
  readonly begun: boolean;
  readonly at: number;
}

export interface RecentPeersLimits {
  /** So many remotes, some 150 bytes each. */
  readonly most: number;
  readonly windowMs: number;
}

const LIMITS: RecentPeersLimits = {
  most: 8_192,
  windowMs: 24 * 60 * 60 * 1000,
};
