import { nodeHash } from "./merkle-tree.js";

/**
 * Proofs of RFC 6962 §2.1.1 and §2.1.2: that a leaf is in a tree, and that one tree
 * is the beginning of another. They are checked as RFC 9162 §2.1.3.2 and §2.1.4.2 say.
 */

/** The hash of the perfect subtree of `2^level` leaves that begins at `index * 2^level`. */
export type Subtrees = (level: number, index: number) => Uint8Array;

/** Hashes in a proof: a tree of 2^53 leaves has no longer one. */
export const MOST_PROOF_HASHES = 64;

/** What shows that the leaf at `index` is in the tree of `size` leaves. */
export function proveInclusion(
  index: number,
  size: number,
  subtrees: Subtrees,
): readonly Uint8Array[] {
  if (index < 0 || index >= size) {
    throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  }
  return path(index, { from: 0, to: size }, subtrees);
}

/** What shows that the tree of `size` leaves begins with that of `before`. */
export function proveConsistency(
  before: number,
  size: number,
  subtrees: Subtrees,
): readonly Uint8Array[] {
  if (before < 0 || before > size) {
    throw new RangeError(`a tree of ${size} has no beginning of ${before}`);
  }
  if (before === 0 || before === size) return [];
  return subproof(before, { from: 0, to: size }, true, subtrees);
}

/** The root of the tree of the first `size` leaves; it has at least one. */
export const rootOf = (size: number, subtrees: Subtrees): Uint8Array =>
  hashOf({ from: 0, to: size }, subtrees);

export interface Inclusion {
  readonly index: number;
  readonly size: number;
  /** The leaf's hash. */
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

export function includes(claim: Inclusion): boolean {
  const { index, size, leaf, proof, root } = claim;
  if (!isWhole(index) || !isWhole(size) || index >= size) return false;
  let hash = leaf;
  const whole = climb({ own: index, last: size - 1 }, proof, {
    left: (beside) => (hash = nodeHash(beside, hash)),
    right: (beside) => (hash = nodeHash(hash, beside)),
  });
  return whole && same(hash, root);
}

export interface Growth {
  readonly before: { readonly size: number; readonly root: Uint8Array };
  readonly after: { readonly size: number; readonly root: Uint8Array };
  readonly proof: readonly Uint8Array[];
}

/** Whether `after` begins with `before`, as the proof says. */
export function growsFrom({ before, after, proof }: Growth): boolean {
  if (!isWhole(before.size) || !isWhole(after.size)) return false;
  if (before.size > after.size) return false;
  if (before.size === after.size) {
    return proof.length === 0 && same(before.root, after.root);
  }
  // Every tree begins with the empty one.
  if (before.size === 0) return proof.length === 0;
  let at = { own: before.size - 1, last: after.size - 1 };
  while (isOdd(at.own)) at = above(at);
  // A tree of 2^n leaves is a subtree of the later one: its root is not repeated.
  const [first, ...rest] = at.own === 0 ? [before.root, ...proof] : proof;
  if (first === undefined) return false;
  let old = first;
  let now = first;
  const whole = climb(at, rest, {
    left: (beside) => {
      old = nodeHash(beside, old);
      now = nodeHash(beside, now);
    },
    right: (beside) => (now = nodeHash(now, beside)),
  });
  return whole && same(old, before.root) && same(now, after.root);
}

/** A node of one level, and the last of that level. */
interface Place {
  readonly own: number;
  readonly last: number;
}

/** Goes up to the root, a hash of the proof a step; false when it is no such path. */
function climb(
  from: Place,
  proof: readonly Uint8Array[],
  joins: Readonly<Record<"left" | "right", (beside: Uint8Array) => void>>,
): boolean {
  let at = from;
  for (const beside of proof) {
    if (at.last === 0) return false;
    if (isOdd(at.own) || at.own === at.last) {
      joins.left(beside);
      while (!isOdd(at.own) && at.own !== 0) at = above(at);
    } else {
      joins.right(beside);
    }
    at = above(at);
  }
  return at.last === 0;
}

const above = ({ own, last }: Place): Place => ({
  own: Math.floor(own / 2),
  last: Math.floor(last / 2),
});

/** Leaves from `from` on, before `to`. */
interface Leaves {
  readonly from: number;
  readonly to: number;
}

/** PATH of RFC 6962 §2.1.1. */
function path(
  index: number,
  { from, to }: Leaves,
  subtrees: Subtrees,
): readonly Uint8Array[] {
  if (to - from === 1) return [];
  const middle = from + largestBelow(to - from);
  const left = { from, to: middle };
  const right = { from: middle, to };
  return index < middle
    ? [...path(index, left, subtrees), hashOf(right, subtrees)]
    : [...path(index, right, subtrees), hashOf(left, subtrees)];
}

/** SUBPROOF of RFC 6962 §2.1.2; `whole`: the old tree's root is known already. */
function subproof(
  before: number,
  { from, to }: Leaves,
  whole: boolean,
  subtrees: Subtrees,
): readonly Uint8Array[] {
  if (before === to) return whole ? [] : [hashOf({ from, to }, subtrees)];
  const middle = from + largestBelow(to - from);
  const left = { from, to: middle };
  const right = { from: middle, to };
  return before <= middle
    ? [...subproof(before, left, whole, subtrees), hashOf(right, subtrees)]
    : [...subproof(before, right, false, subtrees), hashOf(left, subtrees)];
}

/** The hash over a part of the tree that begins at a multiple of its largest subtree. */
function hashOf({ from, to }: Leaves, subtrees: Subtrees): Uint8Array {
  const count = to - from;
  const level = Math.log2(count);
  if (Number.isInteger(level)) return subtrees(level, from / count);
  const middle = from + largestBelow(count);
  return nodeHash(
    hashOf({ from, to: middle }, subtrees),
    hashOf({ from: middle, to }, subtrees),
  );
}

/** The largest power of two that is smaller. */
function largestBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

const isOdd = (value: number): boolean => value % 2 === 1;
const isWhole = (value: number): boolean =>
  Number.isSafeInteger(value) && value >= 0;
const same = (one: Uint8Array, other: Uint8Array): boolean =>
  Buffer.compare(one, other) === 0;
