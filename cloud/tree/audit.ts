import { messageOf } from "../../agent/text/message.js";
import type { ObservationsDigested } from "../journal/decision-events.js";
import type { DecisionRow } from "../journal/decisions.js";
import { digestOf } from "./digest.js";
import { commitmentsOf } from "./leaves.js";
import type { Place } from "./tree-store.js";
import type { Tree } from "./tree.js";

/** What the first row that does not fit is, and why. */
export interface Misfit {
  readonly seq: number;
  readonly why: string;
  /** It lies behind all that the tree took in so far. */
  readonly isAhead?: true;
}

/** How many rows were held against the tree, or the first that does not fit. */
export interface Audited {
  readonly events: number;
  readonly leaves: number;
  /** How many of the events are calls of operators. */
  readonly calls: number;
  readonly misfit: Misfit | undefined;
}

/**
 * Holds every decision against its leaves, every erased one to being absent, and
 * every batch of observations that can be shown against its digest. What one has
 * and the other lacks does not fit either.
 */
export function audit(tree: Tree): Audited {
  const { store } = tree;
  const erased = new Set(
    [...store.erasures()]
      .filter(({ of }) => of === "decisions")
      .map(({ seq }) => seq),
  );
  const places = store.places();
  const counts = { events: 0, leaves: 0, calls: 0 };
  try {
    for (const row of allRows(tree)) {
      const place = places.next().value as Place | undefined;
      const expected = { first: counts.leaves, place, erased };
      const { misfit, own } = judged(tree, row, expected);
      if (misfit !== undefined) return { ...counts, misfit };
      counts.events += 1;
      counts.leaves += own;
      if (row.body?.startsWith(CALL) === true) counts.calls += 1;
    }
    const lost = places.next().value as Place | undefined;
    return { ...counts, misfit: lost && { seq: lost.seq, why: LOST } };
  } finally {
    places.return?.();
  }
}

interface Expected {
  /** Index of the next leaf. */
  readonly first: number;
  /** Of the next event in the tree. */
  readonly place: Place | undefined;
  readonly erased: ReadonlySet<number>;
}

/** How many leaves a row has, or why it does not fit. */
function judged(
  tree: Tree,
  row: DecisionRow,
  { first, place, erased }: Expected,
): { readonly own: number; readonly misfit: Misfit | undefined } {
  const { seq } = row;
  const no = (misfit: Misfit) => ({ own: 0, misfit });
  if (place === undefined) return no({ seq, why: AHEAD, isAhead: true });
  if (place.seq < seq) return no({ seq: place.seq, why: LOST });
  if (place.seq > seq) return no({ seq, why: STRANGE });
  try {
    const own = commitmentsOf(row);
    const why =
      misfitOfErasure(row, erased) ??
      misfitOf(tree, place, { first, own }) ??
      misfitOfBatch(tree, row);
    return { own: own.length, misfit: why === undefined ? why : { seq, why } };
  } catch (error) {
    return no({ seq, why: `cannot be read: ${messageOf(error)}` });
  }
}

const LOST = "is in the tree, and the decisions have it no more";
const STRANGE = "is in the decisions, and the tree never took it in";
const AHEAD =
  "is in the decisions, and the tree has not taken it in: somebody else wrote it, or the cloud was cut off; start and stop the cloud to take in what it wrote itself";

function* allRows({ rows }: Tree): Generator<DecisionRow> {
  let last = 0;
  for (;;) {
    const batch = rows.decisionsAfter(last, AT_ONCE);
    yield* batch;
    const next = batch.at(-1)?.seq;
    if (next === undefined) return;
    last = next;
  }
}

function misfitOfErasure(
  { seq, salt }: DecisionRow,
  erased: ReadonlySet<number>,
): string | undefined {
  if (erased.has(seq) === (salt === null)) return undefined;
  return salt === null
    ? "was emptied, and nothing says by whom"
    : "was erased and is there again";
}

function misfitOf(
  { store }: Tree,
  place: Place,
  leaves: { readonly first: number; readonly own: readonly Uint8Array[] },
): string | undefined {
  const { first, own } = leaves;
  if (place.first !== first || place.leaves !== own.length) {
    return "has other leaves than the tree";
  }
  const bent = own.findIndex(
    (each, n) =>
      Buffer.compare(each, store.commitment(first + n) ?? NONE) !== 0,
  );
  return bent < 0 ? undefined : `does not fit its leaf ${first + bent}`;
}

/** Of a batch whose observations were all forgotten, nothing can be shown. */
function misfitOfBatch({ rows }: Tree, row: DecisionRow): string | undefined {
  if (row.body?.startsWith(DIGEST) !== true) return undefined;
  const { first, last, count, root } = JSON.parse(
    row.body,
  ) as ObservationsDigested;
  const own = rows
    .observationsAfter(first - 1, count)
    .filter(({ seq }) => seq <= last);
  if (own.every(({ salt }) => salt === null)) return undefined;
  if (own.length !== count) {
    return `is the digest of ${count} observations, and ${own.length} of them are there`;
  }
  if (digestOf(own)?.root === root) return undefined;
  return `does not fit the observations ${first} to ${last}, which it is the digest of`;
}

const CALL = '{"kind":"call"';
const DIGEST = '{"kind":"observed"';

const AT_ONCE = 64;
const NONE = Buffer.alloc(0);
