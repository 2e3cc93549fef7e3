import { formatCidr, type Cidr } from "../../model/cidr.js";
import type { Mode } from "../../model/mode.js";
import type { UnixSeconds } from "../../runtime/clock.js";
import type { KeptOrder, Order } from "./orders.js";
import { MOST_RELEASES, TooManyReleases, type Release } from "./releases.js";

/** What the whole host does, and until when it is paused: 0 when it is not. */
export interface Doing {
  readonly mode: Mode;
  /** Unix seconds. */
  readonly pausedUntil: number;
}

/** Whoever can be told what was said. */
export interface Hearer {
  doing(doing: Doing): void;
  release(release: Release): void;
  endRelease(cidr: Cidr): unknown;
  note(order: KeptOrder): void;
}

/**
 * What this host's operator has said and no disk has taken: it is in force until
 * the agent ends, and waits here to be written.
 */
export class Unwritten {
  #doing: Doing | undefined;
  readonly #releases = new Map<string, Release>();
  readonly #ended = new Map<string, Cidr>();
  #orders: KeptOrder[] = [];

  get doing(): Doing | undefined {
    return this.#doing;
  }

  /** The newest last. */
  get orders(): readonly KeptOrder[] {
    return this.#orders;
  }

  /** What is in force by this alone, in the words of the orders. */
  get told(): readonly string[] {
    return [
      ...(this.#doing ? [nameOf(this.#doing)] : []),
      ...[...this.#releases.keys()].map((range) => `release ${range}`),
      ...[...this.#ended.keys()].map((range) => `release ${range} --undo`),
    ];
  }

  keepDoing(doing: Doing): void {
    this.#doing = doing;
  }

  /** @throws TooManyReleases */
  keepRelease(release: Release): void {
    const range = formatCidr(release.cidr);
    if (this.#releases.size >= MOST_RELEASES && !this.#releases.has(range)) {
      throw new TooManyReleases();
    }
    this.#ended.delete(range);
    this.#releases.set(range, release);
  }

  /** `isKnown` is whether the ledger has a release of the range. */
  keepEnd(cidr: Cidr, isKnown: boolean): void {
    const range = formatCidr(cidr);
    this.#releases.delete(range);
    if (isKnown) this.#ended.set(range, cidr);
  }

  /**
   * Beyond a bound the oldest are forgotten: they have been logged. Tell the answer
   * what came of it.
   */
  keepOrder(order: Order): (outcome: string) => void {
    const kept = { ...order, outcome: null as string | null };
    this.#orders = [...this.#orders, kept].slice(-MOST_ORDERS);
    return (outcome) => {
      kept.outcome = outcome;
    };
  }

  has(cidr: Cidr): boolean {
    return this.#releases.has(formatCidr(cidr));
  }

  hasEnded(cidr: Cidr): boolean {
    return this.#ended.has(formatCidr(cidr));
  }

  /** What is released, given what the ledger knows of. */
  releases(known: readonly Release[], now: UnixSeconds): readonly Release[] {
    const left = known.filter(
      ({ cidr }) => !this.has(cidr) && !this.hasEnded(cidr),
    );
    const own = [...this.#releases.values()];
    return [...left, ...own.filter(({ until }) => until > now)];
  }

  /** Says all of it again, in the order in which it counts. */
  sayTo(hearer: Hearer): void {
    if (this.#doing !== undefined) hearer.doing(this.#doing);
    for (const cidr of this.#ended.values()) hearer.endRelease(cidr);
    for (const release of this.#releases.values()) hearer.release(release);
    for (const order of this.#orders) hearer.note(order);
  }

  get isEmpty(): boolean {
    return this.told.length === 0 && this.#orders.length === 0;
  }

  /** It has been written, or something newer has. */
  forgetDoing(): void {
    this.#doing = undefined;
  }

  forgetRelease(cidr: Cidr): void {
    this.#releases.delete(formatCidr(cidr));
    this.#ended.delete(formatCidr(cidr));
  }

  forgetAll(): void {
    this.#doing = undefined;
    this.#releases.clear();
    this.#ended.clear();
    this.#orders = [];
  }
}

const nameOf = ({ mode, pausedUntil }: Doing): string =>
  pausedUntil === 0 ? mode : "pause";

const MOST_ORDERS = 100;
