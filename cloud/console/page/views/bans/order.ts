import { query, setQuery } from "../../router.js";

/** Orders of bans, as the cloud has them. */
const SORTS = ["newest", "range", "place", "until"] as const;
export type BansSort = (typeof SORTS)[number];

/** Which bans are seen, in which order. */
export interface BansAsked {
  readonly q: string;
  readonly sort: BansSort;
  /** From the other end. */
  readonly desc: boolean;
}

/** As the address says it; where it says nothing, the newest come first. */
export function bansAsked(): BansAsked {
  const { value } = query;
  const sort = SORTS.find((each) => each === value.get("sort")) ?? "newest";
  const desc = value.get("desc") === "true";
  return { q: value.get("q") ?? "", sort, desc };
}

/** The same for the same bans in the same order. */
export const nameOf = ({ q, sort, desc }: BansAsked): string =>
  JSON.stringify([q, sort, desc]);

/** As the cloud is asked for them. */
export const askedOf = ({ q, sort, desc }: BansAsked) => ({
  ...{ q, sort },
  ...(desc && { desc: "true" }),
});

/** Of the address: the first row is 1. */
export function rowAsked(): number | undefined {
  const row = Number(query.value.get("row"));
  return Number.isSafeInteger(row) && row > 0 ? row - 1 : undefined;
}

/** Has others be seen, from their first on unless a row is said, from 0. */
export function see({ q, sort, desc }: BansAsked, row?: number): void {
  setQuery({
    ...{ q, sort: sort === "newest" ? undefined : sort },
    desc: desc ? "true" : undefined,
    row: row === undefined ? undefined : String(row + 1),
  });
}
