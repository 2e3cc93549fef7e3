import { proveInclusion } from "../../../agent/protocol/merkle-proof.js";
import {
  CompactRange,
  leafHash,
  rootOver,
} from "../../../agent/protocol/merkle-tree.js";
import type { DecisionRow } from "../../../cloud/journal/decisions.js";
import { commitmentsOf, opOpenings } from "../../../cloud/tree/leaves.js";
import { signTreeHead } from "../../../cloud/tree/tree-heads.js";
import { ISSUED_AT, hex, keys, unhex } from "../../support/vectors.js";
import { keysOf, type Vector } from "./vector.js";

/** Of a log with two events: `feed-begun`, and the segment of `segment-lifts`. */
export function logVectors(segment: {
  readonly bytes: Buffer;
  readonly hash: string;
}): readonly Vector[] {
  const rows = [begun(), sealed(segment)];
  const commitments = rows.flatMap((row) => [...commitmentsOf(row)]);
  const leaves = commitments.map((each) => leafHash(each));
  const root = rootOver(leaves);
  const checkpoint = headOver(leaves.length, root);
  const answer = { checkpoint, proof: [] };
  return [
    {
      name: "tree-head",
      reads: "tree head",
      direction: "cloud to agent",
      description:
        "The answer of GET /v2/log/head?from=0, over a log of five leaves: the feed that began, a segment, and its three ops. Judged by the root of root-v2.json.",
      keys: keysOf("log"),
      text: JSON.stringify(answer),
      decoded: {
        origin: ORIGIN,
        size: leaves.length,
        root: hex(root),
        time: ISSUED_AT / 1000,
      },
    },
    opProof({ leaves, commitments, checkpoint, segment: sealed(segment) }),
  ];
}

const ORIGIN = "tourniquet/cloud.example/0123456789abcdef";

function opProof(log: {
  readonly leaves: readonly Buffer[];
  readonly commitments: readonly Uint8Array[];
  readonly checkpoint: string;
  readonly segment: DecisionRow;
}): Vector {
  const { leaves, commitments, checkpoint, segment } = log;
  const index = 2 + OP;
  const opening = opOpenings(segment)[OP];
  const commitment = commitments[index];
  if (opening === undefined || commitment === undefined) {
    throw new Error("the vector has no such op");
  }
  const path = proveInclusion(index, leaves.length, (level, at) =>
    subtree(leaves, level, at),
  );
  const proof = {
    type: "log-proof",
    of: "op",
    seq: segment.seq,
    leaf: {
      index,
      commitment: hex(commitment),
      path: path.map((hash) => Buffer.from(hash).toString("base64url")),
      salt: hex(opening.salt),
      payload: opening.payload,
    },
    checkpoint,
  };
  return {
    name: "log-proof-op",
    reads: "log proof",
    direction: "cloud to agent",
    description:
      "That the last of the three ops is in the log of tree-head.json, without a word of the other two.",
    keys: keysOf("log"),
    text: JSON.stringify(proof),
    decoded: JSON.parse(opening.payload) as unknown,
  };
}

/** Which op of the segment is shown. */
const OP = 2;

function subtree(leaves: readonly Buffer[], level: number, at: number): Buffer {
  const width = 2 ** level;
  const range = new CompactRange();
  for (const leaf of leaves.slice(at * width, (at + 1) * width)) {
    range.append(leaf);
  }
  return range.root();
}

const begun = (): DecisionRow => ({
  ...{ seq: 1, at: ISSUED_AT, bytes: null, commitment: null },
  body: '{"kind":"feed-begun","feed":"urgent","epoch":"e1"}',
  salt: unhex("11".repeat(32)),
});

const sealed = (segment: {
  readonly bytes: Buffer;
  readonly hash: string;
}): DecisionRow => ({
  ...{ seq: 2, at: ISSUED_AT, bytes: segment.bytes, commitment: null },
  body: JSON.stringify({
    kind: "segment",
    decision: "dec-1",
    feed: "urgent",
    epoch: "e1",
    first: 5,
    last: 7,
    hash: segment.hash,
    notAfter: ISSUED_AT,
  }),
  salt: unhex("22".repeat(32)),
});

function headOver(size: number, root: Buffer): string {
  const facts = { seq: 2, log: "0123456789abcdef", observed: 0, root: 2 };
  const clock = { now: () => ISSUED_AT };
  const signer = { cloudName: "cloud.example", keys: [keys.log], clock };
  const note = signTreeHead({ size, root, facts }, signer);
  if (note === undefined) throw new Error("the vector has no log key");
  return note;
}
