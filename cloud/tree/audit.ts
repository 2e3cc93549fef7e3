import type { ObservationsDigested } from "../journal/decision-events.js";
import type { DecisionRow } from "../journal/decisions.js";
import { digestOf } from "./digest.js";
import { commitmentsOf } from "./leaves.js";
import type { Tree } from "./tree.js";

/** What the first row that does not fit is, and why. */
export interface Misfit {
  readonly seq: number;
  readonly why: string;
}

/** How many rows were held against the tree, or the first that does not fit. */
export interface Audited {
  readonly events: number;
  readonly leaves: number;
  readonly misfit: Misfit | undefined;
}

/**
 * Holds every decision against its leaves, every erased one to being absent, and
 * every batch of observations that can be shown against its digest.
 */
export function audit(tree: Tree): Audited {
  const { store } = tree;
  const { seq: end } = store.facts;
  const erased = new Set(
    [...store.erasures()]
      .filter(({ of }) => of === "decisions")
      .map(({ seq }) => seq),
  );
  let [events, leaves] = [0, 0];
  for (const row of rowsThrough(tree, end)) {
    const own = commitmentsOf(row);
    const why =
      misfitOfErasure(row, erased) ??
      misfitOf(tree, row, { first: leaves, own }) ??
      misfitOfBatch(tree, row);
    if (why !== undefined) {
      return { events, leaves, misfit: { seq: row.seq, why } };
    }
    events += 1;
    leaves += own.length;
  }
  if (leaves === store.size) return { events, leaves, misfit: undefined };
  const why = `is the last, and the tree has ${store.size} leaves where the decisions have ${leaves}`;
  return { events, leaves, misfit: { seq: end, why } };
}

function* rowsThrough({ rows }: Tree, end: number): Generator<DecisionRow> {
  let last = 0;
  while (last < end) {
    const batch = rows.decisionsAfter(last, AT_ONCE);
    yield* batch.filter(({ seq }) => seq <= end);
    last = batch.at(-1)?.seq ?? end;
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
  { seq }: DecisionRow,
  leaves: { readonly first: number; readonly own: readonly Uint8Array[] },
): string | undefined {
  const { first, own } = leaves;
  const place = store.placeOf(seq);
  if (place?.first !== first || place.leaves !== own.length) {
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

const DIGEST = '{"kind":"observed"';

const AT_ONCE = 64;
const NONE = Buffer.alloc(0);
