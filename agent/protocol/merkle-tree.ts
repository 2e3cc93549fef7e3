import { sha256 } from "./sha256.js";

/**
 * The Merkle tree of RFC 6962 §2.1, over SHA-256: what leaves and nodes hash to, and
 * the root of a tree that only ever grows.
 */

/** SHA-256 of nothing: the root of a tree without leaves. */
export const EMPTY_ROOT = sha256();

/** Bytes of every hash here. */
export const HASH_BYTES = 32;

/** The prefix keeps a leaf from passing for a node. */
export const leafHash = (data: Uint8Array): Buffer => sha256(LEAF, data);

export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  sha256(NODE, left, right);

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/**
 * The root over a growing row of leaves, in the hashes of its perfect subtrees
 * alone: as many as the size has binary ones, so 53 at most.
 */
export class CompactRange {
  #size: number;
  /** The largest subtree first. */
  readonly #hashes: Uint8Array[];

  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    if (hashes.length !== onesOf(size)) {
      throw new RangeError(
        `${hashes.length} subtrees do not make ${size} leaves`,
      );
    }
    this.#size = size;
    this.#hashes = [...hashes];
  }

  get size(): number {
    return this.#size;
  }

  /** Of the perfect subtrees, the largest first. */
  get hashes(): readonly Uint8Array[] {
    return this.#hashes;
  }

  /**
   * Takes in the next leaf's hash, and tells of each perfect subtree that it
   * completes: level 0 is the leaf itself, level 1 two leaves, and so on.
   */
  append(leaf: Uint8Array, completed?: Completed): void {
    let hash = leaf;
    let index = this.#size;
    let level = 0;
    completed?.(level, index, hash);
    while (index % 2 === 1) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new RangeError("a subtree is missing");
      hash = nodeHash(left, hash);
      index = (index - 1) / 2;
      level += 1;
      completed?.(level, index, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1;
  }

  root(): Buffer {
    const [last, ...rest] = [...this.#hashes].reverse();
    if (last === undefined) return EMPTY_ROOT;
    const root = rest.reduce((right, left) => nodeHash(left, right), last);
    return Buffer.from(root);
  }
}

/** Hears of the perfect subtree of `2^level` leaves that begins at `index * 2^level`. */
export type Completed = (
  level: number,
  index: number,
  hash: Uint8Array,
) => void;

/** The root over these leaves' hashes. */
export function rootOver(leaves: Iterable<Uint8Array>): Buffer {
  const range = new CompactRange();
  for (const leaf of leaves) range.append(leaf);
  return range.root();
}

/** How many ones a whole number has in binary. */
function onesOf(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) {
    ones += rest % 2;
  }
  return ones;
}
