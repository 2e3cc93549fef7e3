import type { Ban } from "../../agent/model/ban.js";
import { isWaitedFor } from "../../agent/protocol/ring-times.js";
import type { Wanted } from "./effects.js";

/**
 * The terms of bans that an import leaves as they are, one after another: some
 * bytes a ban, since a list may have millions.
 */
export class KeptTerms implements Iterable<Omit<Ban, "cidr">> {
  readonly #ends: number[] = [];
  /** Of each, which of the manners is its own. */
  readonly #mannerOf: number[] = [];
  readonly #manners: Manner[] = [];
  /** Their places, by what they say. */
  readonly #known = new Map<string, number>();
  #wantedUntil = 0;

  /** Until when the last of them is banned as the list wants it. */
  get wantedUntil(): number {
    return this.#wantedUntil;
  }

  add(
    { expiresAt, reason, observed, rings }: Ban,
    { until, now }: Pick<Wanted, "until" | "now">,
  ): void {
    const common = { reason, observed };
    const manner = isWaitedFor(rings, now) ? { ...common, rings } : common;
    this.#ends.push(expiresAt);
    this.#mannerOf.push(this.#placeOf(manner));
    const wanted = Math.min(expiresAt, until);
    this.#wantedUntil = Math.max(this.#wantedUntil, wanted);
  }

  *[Symbol.iterator](): Generator<Omit<Ban, "cidr">> {
    let index = 0;
    for (const expiresAt of this.#ends) {
      const manner = this.#manners[this.#mannerOf[index++] ?? 0];
      if (manner !== undefined) yield { expiresAt, ...manner };
    }
  }

  #placeOf(manner: Manner): number {
    const text = JSON.stringify(manner);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#known.set(text, this.#manners.length);
    return this.#manners.push(manner) - 1;
  }
}

/** Why and how a range is banned. */
type Manner = Omit<Ban, "cidr" | "expiresAt">;
