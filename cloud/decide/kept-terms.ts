import type { Ban } from "../../agent/model/ban.js";
import type { Wanted } from "./effects.js";

/**
 * The terms of bans that an import leaves as they are, one after another: some
 * bytes a ban, since a list may have millions.
 */
export class KeptTerms implements Iterable<Omit<Ban, "cidr">> {
  readonly #ends: number[] = [];
  /** The reason's number, twice, and one more where it is only observed. */
  readonly #whys: number[] = [];
  readonly #reasons = new Map<string, number>();
  #wantedUntil = 0;

  /** Until when the last of them is banned as the list wants it. */
  get wantedUntil(): number {
    return this.#wantedUntil;
  }

  add({ expiresAt, reason, observed }: Ban, { until }: Wanted): void {
    const known = this.#reasons.get(reason) ?? this.#reasons.size;
    this.#reasons.set(reason, known);
    this.#ends.push(expiresAt);
    this.#whys.push(known * 2 + Number(observed));
    const wanted = Math.min(expiresAt, until);
    this.#wantedUntil = Math.max(this.#wantedUntil, wanted);
  }

  *[Symbol.iterator](): Generator<Omit<Ban, "cidr">> {
    const reasons = [...this.#reasons.keys()];
    let index = 0;
    for (const expiresAt of this.#ends) {
      const why = this.#whys[index++] ?? 0;
      const reason = reasons[why >> 1] ?? "";
      yield { expiresAt, reason, observed: (why & 1) === 1 };
    }
  }
}
