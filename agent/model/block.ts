import { width, type Cidr, type Family } from "./cidr.js";
import type { Entry } from "./ruleset.js";

/**
 * Entries of one kind, family and prefix length, packed: where all bans pass
 * through, an object for each would cost more than all else that is done to it.
 */
export interface Block {
  readonly family: Family;
  readonly prefix: number;
  /** Counted and reported, not dropped. */
  readonly observed: boolean;
  /** The ranges' addresses side by side, distinct, each of the family's width. */
  readonly addresses: Uint8Array;
  /** Unix seconds, one for each address; never empty. */
  readonly expiries: readonly number[];
}

/** How many entries the blocks have together. */
export const entryCount = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, { expiries }) => sum + expiries.length, 0);

/** The entries one by one; their addresses are copies. */
export function* entriesIn(block: Block): Generator<Entry, void> {
  for (const [i, expiresAt] of block.expiries.entries()) {
    yield { cidr: rangeAt(block, i), expiresAt, observed: block.observed };
  }
}

/** The first of the entries. */
export function firstOf(block: Block): Entry {
  const { expiries, observed } = block;
  return { cidr: rangeAt(block, 0), expiresAt: expiries[0] ?? 0, observed };
}

/** The `i`th range of the block. */
function rangeAt({ family, prefix, addresses }: Block, i: number): Cidr {
  const start = i * width(family);
  const address = addresses.slice(start, start + width(family));
  return { family, prefix, address: new Uint8Array(address) };
}
