import * as v from "valibot";
import {
  includes,
  MOST_PROOF_HASHES,
} from "../../agent/protocol/merkle-proof.js";
import { leafHash } from "../../agent/protocol/merkle-tree.js";
import {
  Count,
  Sha256,
  base64url,
  listOf,
  parseJson,
} from "../../agent/protocol/shapes.js";
import { MOST_NOTE_BYTES } from "../../agent/protocol/signed-note.js";
import { commitmentTo } from "../journal/commitment.js";
import type { TrustedRoot } from "../../agent/trust/root.js";
import { verifyTreeHead } from "../../agent/trust/tree-head.js";

const Hashes = listOf(base64url(32), MOST_PROOF_HASHES);

/**
 * A leaf, where it is, and what opens it: neither of the two once it is erased. Of
 * salt and payload the hash is one: where they part, the salt's length alone says.
 */
const leafSaltedBy = (bytes: 16 | 32) =>
  v.strictObject({
    index: Count,
    commitment: Sha256,
    /** In hex. */
    salt: v.exactOptional(
      v.pipe(v.string(), v.regex(/^[0-9a-f]*$/), v.length(2 * bytes)),
    ),
    /** To the byte. */
    payload: v.exactOptional(v.string()),
    path: Hashes,
  });

const Leaf = leafSaltedBy(32);
export type Leaf = v.InferOutput<typeof Leaf>;

/** What is shown to somebody who has no cloud: it stands by itself. */
export const Proof = v.strictObject({
  type: v.literal("log-proof"),
  of: v.picklist(["decision", "op", "observation"]),
  /** Sequence number of what is proved, or of the segment that an op is in. */
  seq: Count,
  /** In the tree; of an observation, the event that has its batch's root. */
  leaf: Leaf,
  /** In its batch: observations only. */
  batch: v.exactOptional(
    v.strictObject({ ...leafSaltedBy(16).entries, size: Count }),
  ),
  /** Who erased it, in a leaf of its own. */
  erased: v.exactOptional(Leaf),
  checkpoint: v.pipe(v.string(), v.maxBytes(MOST_NOTE_BYTES)),
});
export type Proof = v.InferOutput<typeof Proof>;

/** A proof that proves nothing, and why. */
export class BadProof extends Error {
  override readonly name = "BadProof";
}

/** What a proof came to. */
export interface Proved {
  readonly origin: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Undefined once it was erased. */
  readonly payload: string | undefined;
  readonly erased: Erasure | undefined;
}

/** As the decision says it. */
export interface Erasure {
  readonly at: number;
  readonly by: string;
  readonly why: string;
}

/** @throws Malformed */
export const parseProof = (text: string): Proof =>
  parseJson(Proof, text, "log proof");

/**
 * Checks a proof by nothing but a root that is believed.
 * @throws BadProof, Refused or Malformed
 */
export function verifyProof(proof: Proof, trusted: TrustedRoot): Proved {
  const { origin, size, root, time } = verifyTreeHead(
    proof.checkpoint,
    trusted,
  );
  const head = { size, root };
  mustBeIn(proof.leaf, head);
  const at = { origin, size, time: time * 1000 };
  const shown = shownBy(proof);
  const payload = openedBy(shown);
  if (payload !== undefined) {
    mustBeOf(proof, payload);
    return { ...at, payload, erased: undefined };
  }
  return { ...at, payload, erased: erasureOf(proof, shown, head) };
}

interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
}

function mustBeIn({ index, commitment, path }: Leaf, { size, root }: Tree) {
  const leaf = leafHash(Buffer.from(commitment, "hex"));
  const proof = path.map((hash) => Buffer.from(hash, "base64url"));
  if (includes({ index, size, leaf, proof, root })) return;
  throw new BadProof(`leaf ${index} is not in the tree of ${size}`);
}

/** What the leaf commits to; undefined where it is not shown. */
function openedBy({ index, commitment, salt, payload }: Leaf) {
  if (salt === undefined || payload === undefined) return undefined;
  const own = commitmentTo(Buffer.from(salt, "hex"), payload);
  if (own.toString("hex") === commitment) return payload;
  throw new BadProof(`leaf ${index} commits to something else`);
}

/** What is shown is of the kind that the proof is of, and of its number. */
function mustBeOf({ of, seq }: Proof, payload: string): void {
  const own = parseJson(payloads[of], payload, `the ${of}`);
  if (!("seq" in own) || own.seq === seq) return;
  throw new BadProof(`it shows ${of} ${own.seq}, and says ${seq}`);
}

/** Of an observation its own, once its batch's root was found in the tree. */
function shownBy(proof: Proof): Leaf {
  const { of, seq, leaf, batch } = proof;
  if (of !== "observation") {
    if (batch === undefined) return leaf;
    throw new BadProof(`it has a batch, and is of ${of} ${seq}`);
  }
  if (batch === undefined) throw new BadProof("it lacks its batch");
  const event = eventOf(openedBy(leaf), Digest, "the batch's digest");
  if (event.count !== batch.size) {
    throw new BadProof(`the batch has ${event.count} observations`);
  }
  if (seq < event.first || seq > event.last) {
    const { first, last } = event;
    throw new BadProof(`the batch is of ${first} to ${last}, and says ${seq}`);
  }
  mustBeIn(batch, { size: batch.size, root: Buffer.from(event.root, "hex") });
  return batch;
}

function erasureOf(proof: Proof, shown: Leaf, head: Tree): Erasure {
  const { erased, of, seq } = proof;
  if (erased === undefined) {
    throw new BadProof("it shows neither what was there nor who erased it");
  }
  mustBeIn(erased, head);
  const text = openedBy(erased);
  const { at, event } = recordOf(text, ErasedEvent, "the erasure");
  const store = of === "observation" ? "observations" : "decisions";
  const { leaves, commitment } = event;
  const isOwn =
    store === "observations"
      ? commitment === shown.commitment
      : leaves !== undefined &&
        shown.index >= leaves.first + (of === "op" ? 1 : 0) &&
        shown.index < leaves.first + (of === "op" ? leaves.count : 1);
  if (event.of !== store || event.seq !== seq || !isOwn) {
    throw new BadProof("what was erased there is something else");
  }
  return { at, by: event.by, why: event.why };
}

const Event = v.looseObject({ kind: v.string() });

/** By what a proof is of; an op's segment is named by its hash. */
const payloads = {
  decision: v.strictObject({ seq: Count, at: Count, event: Event }),
  op: v.strictObject({
    feed: v.string(),
    epoch: v.string(),
    number: Count,
    segment: Sha256,
    op: v.looseObject({ op: v.picklist(["ban", "lift"]), range: v.string() }),
  }),
  observation: v.strictObject({
    seq: Count,
    at: Count,
    agent: v.string(),
    spool: v.string(),
    number: Count,
    event: Event,
  }),
} as const;

const Digest = v.object({
  kind: v.literal("observed"),
  first: Count,
  last: Count,
  count: Count,
  root: Sha256,
});

const ErasedEvent = v.object({
  kind: v.literal("erased"),
  of: v.picklist(["decisions", "observations"]),
  seq: Count,
  leaves: v.exactOptional(v.object({ first: Count, count: Count })),
  commitment: v.exactOptional(Sha256),
  by: v.string(),
  why: v.string(),
});

const eventOf = <S extends v.GenericSchema>(
  payload: string | undefined,
  schema: S,
  what: string,
): v.InferOutput<S> => recordOf(payload, schema, what).event;

function recordOf<S extends v.GenericSchema>(
  payload: string | undefined,
  event: S,
  what: string,
): { readonly at: number; readonly event: v.InferOutput<S> } {
  if (payload === undefined) throw new BadProof(`${what} is not shown`);
  const record = v.strictObject({ seq: Count, at: Count, event });
  return parseJson(record, payload, what) as {
    at: number;
    event: v.InferOutput<S>;
  };
}
