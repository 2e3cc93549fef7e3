import { isIPv6 } from "node:net";
import type { Clock } from "../../agent/clock.js";
import { TokenBucket } from "./token-bucket.js";

/** Lets connections in at a rate: one network's first, then everybody's. */
export class Doorkeeper {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #everybody: TokenBucket;
  /** By network; the one that was not seen for longest stands first. */
  readonly #networks = new Map<string, TokenBucket>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
    this.#everybody = new TokenBucket(EVERYBODY, clock);
  }

  admit(address: string): boolean {
    return this.#bucketOf(networkOf(address)).take() && this.#everybody.take();
  }

  #bucketOf(network: string): TokenBucket {
    const known = this.#networks.get(network);
    const bucket = known ?? new TokenBucket(ONE_NETWORK, this.#clock);
    this.#networks.delete(network);
    this.#networks.set(network, bucket);
    const [oldest] = this.#networks.keys();
    if (this.#networks.size > MOST_NETWORKS && oldest !== undefined) {
      this.#networks.delete(oldest);
    }
    return bucket;
  }
}

/** What one process can shake hands with, TLS included. */
const EVERYBODY = { perSecond: 200, burst: 400 };

/** A customer's hosts may all come from one address. */
const ONE_NETWORK = { perSecond: 50, burst: 200 };

const MOST_NETWORKS = 10_000;

/** An IPv6 address stands for its /64: whoever has one has them all. */
export function networkOf(address: string): string {
  const [bare = ""] = address.split("%");
  if (!isIPv6(bare)) return bare;
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare) ?? [];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = bare.split("::");
  const leading = head === "" ? [] : head.split(":");
  const trailing = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - leading.length - trailing.length).fill("0");
  const groups = tail === undefined ? leading : [...leading, ...zeros];
  return [...groups, ...trailing].slice(0, 4).join(":");
}
