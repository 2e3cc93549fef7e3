import type { Clock } from "../../agent/runtime/clock.js";
import { Buckets, keepNewest } from "../rate/buckets.js";
import { TokenBucket, type Rate } from "../rate/token-bucket.js";
import type { KnownPlaces } from "./known-places.js";
import { networkOf, placeOf } from "./networks.js";

/** How often somebody is let in. */
export interface Rates {
  /** From one IPv4 address or IPv6 /64: a customer's hosts may share it. */
  readonly ofOnePlace: Rate;
  /** From one IPv4 /24 or IPv6 /48, however many places it has. */
  readonly ofOneNetwork: Rate;
  /** All strangers together. */
  readonly ofEverybody: Rate;
  /** For places where agents were welcomed, once everybody's is used up. */
  readonly reserve: Rate;
}

type Ports = {
  readonly clock: Pick<Clock, "monotonic">;
  readonly known: Pick<KnownPlaces, "has">;
};

/**
 * Admission control of connections, by token buckets: a place's, its network's,
 * then everybody's.
 * Places where agents were welcomed are counted by themselves, so that strangers
 * neither use up what is theirs nor make it forgotten.
 */
export class ConnectionLimiter {
  readonly #rates: Rates;
  readonly #ports: Ports;
  readonly #everybody: TokenBucket;
  readonly #reserve: TokenBucket;
  readonly #known: Buckets;
  readonly #networks: Buckets;
  /** Places by network: one network makes none but its own forgotten. */
  readonly #places = new Map<string, Buckets>();

  constructor(rates: Rates, ports: Ports) {
    this.#rates = rates;
    this.#ports = ports;
    this.#everybody = new TokenBucket(rates.ofEverybody, ports.clock);
    this.#reserve = new TokenBucket(rates.reserve, ports.clock);
    this.#known = this.#buckets(rates.ofOnePlace, MOST_KNOWN);
    this.#networks = this.#buckets(rates.ofOneNetwork, MOST_NETWORKS);
  }

  admit(address: string): boolean {
    if (this.#ports.known.has(address)) {
      if (!this.#known.of(placeOf(address)).take()) return false;
      return this.#everybody.take() || this.#reserve.take();
    }
    const network = networkOf(address);
    const places = this.#placesOf(network);
    return (
      places.of(placeOf(address)).take() &&
      this.#networks.of(network).take() &&
      this.#everybody.take()
    );
  }

  #placesOf(network: string): Buckets {
    const known = this.#places.get(network);
    const places =
      known ?? this.#buckets(this.#rates.ofOnePlace, MOST_PLACES_OF_ONE);
    return keepNewest(this.#places, network, places, MOST_NETWORKS);
  }

  #buckets(rate: Rate, most: number): Buckets {
    return new Buckets(rate, most, this.#ports.clock);
  }
}

/** Of strangers: who has more networks than this has them forgotten in turn. */
const MOST_NETWORKS = 10_000;

/** Beyond so many places of one network, the network's own rate is what counts. */
const MOST_PLACES_OF_ONE = 8;

const MOST_KNOWN = 32_768;
