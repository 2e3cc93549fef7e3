import { parseCidr } from "../../agent/model/cidr.js";
import type { BanView } from "../control/list-views.js";

/** By what bans can be sorted. */
export const sortFields = ["range", "feed", "until", "reason"] as const;
export type SortField = (typeof sortFields)[number];

/** More are not sorted at once: they would not fit into a command's memory. */
export const MOST_SORTED = 100_000;

export interface Sorting {
  readonly by: SortField;
  /** The last first. */
  readonly desc: boolean;
  readonly most: number;
}

export interface Sorted {
  /** The first of them all, at most so many as were asked for. */
  readonly bans: readonly BanView[];
  readonly seen: number;
}

/** In memory that is bounded by how many are wanted, however many come. */
export async function sortedBans(
  pages: AsyncIterable<readonly BanView[]>,
  { by, desc, most }: Sorting,
): Promise<Sorted> {
  const keyOf = keys[by];
  const order = desc ? -1 : 1;
  let kept: Keyed[] = [];
  let seen = 0;
  const settle = () => {
    const sorted = kept.sort((a, b) => order * byText(a.key, b.key));
    kept = sorted.slice(0, most);
  };
  for await (const page of pages) {
    seen += page.length;
    for (const ban of page) kept.push({ key: keyOf(ban), ban });
    if (kept.length > most + SLACK) settle();
  }
  settle();
  return { bans: kept.map(({ ban }) => ban), seen };
}

interface Keyed {
  readonly key: string;
  readonly ban: BanView;
}

/** Sorting at each page anew would look at what is kept a thousand times. */
const SLACK = 20_000;

const keys: Readonly<Record<SortField, (ban: BanView) => string>> = {
  range: ({ range }) => {
    const { family, address, prefix } = parseCidr(range);
    const digits = Buffer.from(address).toString("hex");
    return `${family} ${digits} ${String(prefix).padStart(3, "0")}`;
  },
  feed: ({ feed }) => feed,
  // What never ends, ends last.
  until: ({ expires }) => expires ?? "~",
  reason: ({ reason }) => reason,
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
