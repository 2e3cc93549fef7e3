import type { Clock } from "../../agent/runtime/clock.js";
import { GivenUp, Turns } from "../rate/turns.js";
import { cursorOf } from "./table/answer.js";

/** A list in its order, and what is asked of it. */
export interface Walk<T, P> {
  /** The rows behind a place, at most so many; where they are fewer, it ends. */
  readonly behind: (place: P | undefined, most: number) => readonly T[];
  /** Where a row stands, behind what came before. */
  readonly placeOf: (row: T, before: P | undefined) => P;
  readonly isAskedFor: (row: T) => boolean;
}

/** How far a request goes. */
export interface Stretch<P> {
  readonly clock: Pick<Clock, "monotonic">;
  /** That nobody waits for it any more. */
  readonly signal: AbortSignal;
  readonly from: P | undefined;
  readonly limit: number;
}

export interface Walked<T, P> {
  readonly items: readonly T[];
  /** Behind which the next page begins; null: this is the last. */
  readonly next: P | null;
  /** How many are asked for in all; undefined: that was not seen. */
  readonly total: number | undefined;
}

/**
 * A page of what is asked for, found by looking at each row, in turns with all else.
 * One request looks at so many rows: a page may have few, or none, and not be the
 * last. Of a list that is short enough, the first page tells how many there are.
 */
export async function walk<T, P>(
  list: Walk<T, P>,
  { clock, signal, from, limit }: Stretch<P>,
): Promise<Walked<T, P>> {
  const turns = new Turns(clock, signal);
  const page = new Page<T, P>(from, limit);
  const isFirst = from === undefined;
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += AT_ONCE) {
    const rows = list.behind(page.place, AT_ONCE);
    for (const row of rows) {
      page.take(row, list);
      // How long one takes is up to what is asked.
      if (!turns.isOver || (await goesOn(turns))) continue;
      return { ...page.part(), total: undefined };
    }
    if (rows.length < AT_ONCE) {
      return { ...page.whole(), total: isFirst ? page.found : undefined };
    }
    if (page.isOver && !isFirst) break;
  }
  return { ...page.part(), total: undefined };
}

/** A page as it is answered. */
export const pageShown = <T, P, S>(
  { items, next, total }: Walked<T, P>,
  shown: (item: T) => S,
) => ({
  items: items.map(shown),
  next: next === null ? null : cursorOf(next),
  total,
});

/** Rows that are read at once. */
const AT_ONCE = 256;

/** Of one request: some 200 ms. */
const MOST_LOOKED_AT = 20_000;

/** False: nobody waits for it any more. */
async function goesOn(turns: Turns): Promise<boolean> {
  try {
    await turns.next();
    return true;
  } catch (error) {
    if (error instanceof GivenUp) return false;
    throw error;
  }
}

class Page<T, P> {
  readonly items: T[] = [];
  /** Of the row that was looked at last. */
  place: P | undefined;
  found = 0;
  readonly #limit: number;
  /** Of the last that the page has room for. */
  #full: P | undefined;

  constructor(from: P | undefined, limit: number) {
    this.place = from;
    this.#limit = limit;
  }

  /** Whether there are more than it has room for. */
  get isOver(): boolean {
    return this.found > this.#limit;
  }

  take(row: T, { placeOf, isAskedFor }: Walk<T, P>): void {
    this.place = placeOf(row, this.place);
    if (!isAskedFor(row)) return;
    this.found += 1;
    if (this.found > this.#limit) return;
    this.items.push(row);
    if (this.found === this.#limit) this.#full = this.place;
  }

  /** All that there is was looked at. */
  whole(): Omit<Walked<T, P>, "total"> {
    const next = this.isOver ? this.#full : undefined;
    return { items: this.items, next: next ?? null };
  }

  /** There may be more behind. */
  part(): Omit<Walked<T, P>, "total"> {
    return { items: this.items, next: this.#full ?? this.place ?? null };
  }
}
