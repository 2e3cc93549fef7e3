import type { Digit } from "./sorts.js";

type Slots = Uint32Array<ArrayBuffer>;

/**
 * Sorts slots by the digits of their keys, the least of them first: one digit a
 * step, some ten milliseconds of a million slots.
 */
export class Sorting {
  readonly #digits: readonly Digit[];
  #from: Slots;
  #into: Slots;
  #next = 0;

  /** @param slots become its own */
  constructor(slots: Slots, digits: readonly Digit[]) {
    this.#digits = digits;
    this.#from = slots;
    this.#into = new Uint32Array(slots.length);
  }

  /** The slots, once they are in order. */
  step(): Slots | undefined {
    const digit = this.#digits[this.#next];
    if (digit === undefined) return this.#from;
    this.#next += 1;
    if (spread(this.#from, this.#into, digit)) {
      [this.#from, this.#into] = [this.#into, this.#from];
    }
    return undefined;
  }
}

/**
 * Puts all in the order of a digit, those that are alike as they came; reports
 * whether it had to.
 */
function spread(from: Slots, into: Slots, digit: Digit): boolean {
  const { each, nth, shift } = digit;
  const numbers = digit.numbers();
  const starts = new Uint32Array(DIGITS + 1);
  for (const slot of from) {
    const next = (((numbers[slot * each + nth] ?? 0) >>> shift) & 0xffff) + 1;
    starts[next] = (starts[next] ?? 0) + 1;
  }
  if (starts.includes(from.length)) return false;
  for (let at = 1; at <= DIGITS; at++) {
    starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0);
  }
  for (const slot of from) {
    const at = ((numbers[slot * each + nth] ?? 0) >>> shift) & 0xffff;
    const place = starts[at] ?? 0;
    starts[at] = place + 1;
    into[place] = slot;
  }
  return true;
}

const DIGITS = 65_536;
