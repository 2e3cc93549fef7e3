import { FIRST_V6, WORDS, type BanColumns } from "./columns.js";

/**
 * The orders of bans. `place`: by feed, width and address; `until`: by their end;
 * `since`: by when they were decided; `range`: by address, whatever the width.
 * Those that are alike stand by place.
 */
export const sorts = ["place", "until", "since", "range"] as const;
export type Sort = (typeof sorts)[number];

export type Compare = (a: number, b: number) => number;

/** A piece of a key: 16 bits of a number that every slot has. */
export interface Digit {
  readonly numbers: () => Uint32Array;
  /** Of a slot's numbers: how many there are, and which of them it is. */
  readonly each: number;
  readonly nth: number;
  readonly shift: 0 | 16;
}

/** How slots compare in an order. */
export function compareBy(
  sort: Sort,
  columns: BanColumns,
  ranks: FeedRanks,
): Compare {
  const byAddress: Compare = (a, b) => {
    const { words } = columns;
    const [one, other] = [a * WORDS, b * WORDS];
    for (let nth = 0; nth < WORDS; nth++) {
      const [left = 0, right = 0] = [words[one + nth], words[other + nth]];
      if (left !== right) return left - right;
    }
    return 0;
  };
  const byRank: Compare = (a, b) =>
    ranks.of(columns.feed[a] ?? 0) - ranks.of(columns.feed[b] ?? 0);
  const byWidth: Compare = (a, b) =>
    (columns.width[a] ?? 0) - (columns.width[b] ?? 0);
  const place: Compare = (a, b) =>
    byRank(a, b) || byWidth(a, b) || byAddress(a, b);
  switch (sort) {
    case "place":
      return place;
    case "until":
      return (a, b) =>
        (columns.until[a] ?? 0) - (columns.until[b] ?? 0) || place(a, b);
    case "since":
      return (a, b) =>
        (columns.decision[a] ?? 0) - (columns.decision[b] ?? 0) || place(a, b);
    case "range":
      return (a, b) =>
        Number(columns.isV6(a)) - Number(columns.isV6(b)) ||
        byAddress(a, b) ||
        byWidth(a, b) ||
        byRank(a, b);
  }
}

/** The pieces of a key, the least of them first. */
export function digitsOf(
  sort: Sort,
  columns: BanColumns,
  ranks: FeedRanks,
): readonly Digit[] {
  const word = (nth: number) => digits(() => columns.words, WORDS, nth);
  const address = [3, 2, 1, 0].flatMap(word);
  const rank = digits(() => made(columns.feed, (feed) => ranks.of(feed)));
  const width = digits(() => made(columns.width, (each) => each));
  const place = [...address, ...width, ...rank];
  switch (sort) {
    case "place":
      return place;
    case "until":
      return [
        ...place,
        ...digits(() => made(columns.until, (each) => each >>> 0)),
        ...digits(() => made(columns.until, (each) => each / 2 ** 32)),
      ];
    case "since":
      return [...place, ...digits(() => columns.decision)];
    case "range":
      return [
        ...[...rank, ...width, ...address],
        ...digits(() =>
          made(columns.width, (each) => Number(each >= FIRST_V6)),
        ),
      ];
  }
}

/** Both halves of a number, which is made when it is needed. */
function digits(
  make: () => Uint32Array,
  each = 1,
  nth = 0,
): readonly [Digit, Digit] {
  let kept: Uint32Array | undefined;
  const numbers = () => (kept ??= make());
  return [
    { numbers, each, nth, shift: 0 },
    { numbers, each, nth, shift: 16 },
  ];
}

function made(
  column: Uint32Array | Uint8Array | Float64Array,
  of: (number: number) => number,
): Uint32Array {
  const numbers = new Uint32Array(column.length);
  for (let slot = 0; slot < column.length; slot++) {
    numbers[slot] = of(column[slot] ?? 0);
  }
  return numbers;
}

/** In which order feeds come, by their names; they have numbers in the tables. */
export class FeedRanks {
  #ranks = new Uint32Array(1);

  of(feed: number): number {
    return feed === LAST_FEED ? LAST_FEED : (this.#ranks[feed] ?? 0);
  }

  /** @param feeds their numbers, in the order of their names */
  set(feeds: readonly number[]): void {
    // They are counted from 1.
    this.#ranks = new Uint32Array(feeds.length + 1);
    for (const [nth, feed] of feeds.entries()) this.#ranks[feed] = nth + 1;
  }
}

/** Behind all that there are. */
export const LAST_FEED = 0xffff_ffff;
