import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Op } from "../../../agent/model/ban.js";
import { limits } from "../../../agent/protocol/limits.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import { Refused } from "../../../agent/protocol/refusals.js";
import {
  openSegment,
  openSegments,
  readOps,
  sealSegment,
  type Segment,
} from "../../../agent/protocol/segment.js";
import { signerOf } from "../../../agent/trust/sign.js";
import { verifySegment } from "../../../agent/trust/verify.js";
import { feeds, ops } from "../../../test/protocol/arbitraries.js";
import { badVectors } from "../../../test/protocol/vectors/bad.js";
import {
  keys,
  makeSegment,
  NOW,
  trusted,
} from "../../../test/support/vectors.js";
import { golden } from "../corpus.js";
import { Broken, type Target } from "../target.js";
import { layersOf } from "./containers.js";

const followed = badVectors().feeds;
const expectation = { root: trusted(), feeds: followed, now: NOW };

const made = fc
  .sample(
    fc.record({
      ops: fc.array(ops, { minLength: 1, maxLength: 200 }),
      feed: fc.oneof(feeds, fc.constantFrom(...followed)),
    }),
    { numRuns: 40, seed: 1 },
  )
  .map((draft) => makeSegment(draft).bytes);

export const target: Target = {
  name: "segment",
  corpus: [...golden("segment", "segments"), ...made],
  readers: {
    segment: (bytes) => {
      const segment = openSegment(bytes);
      const verified = verifySegment(segment, undefined, expectation);
      const found = readOps(verified);
      writesBack(segment, found);
      return [...new Set(found.map(kindOf))].sort().join(" and ");
    },
    row: (bytes) => {
      const count = [...openSegments(bytes)].length;
      return count > 1 ? "several" : String(count);
    },
  },
  layers: layersOf("segment"),
  words: [
    ...['"urgent"', '"reputation"', '"local"', '"org/example"', '"org/"'],
    ...['"all"', '"e1"', '"deflate"', '"identity"', '"audience"', '"last"'],
    ...["4096", "4097", "4194304", "4194305", "253402300799999"],
  ],
  refusals: [Malformed, Refused],
  mostBytes: 200_000,
  // Ops are objects: each of the most that there may be takes some 500 bytes.
  mostMemory: 3 * limits.segmentRawBytes + limits.segmentOps * 1_000,
  mostCpuMs: 250,
};

function kindOf(op: Op): string {
  if (op.op === "lift") return "lift";
  return `${op.observed ? "observed " : ""}ban${op.rings ? " in rings" : ""}`;
}

/** What was taken in says the same once it is written again. */
function writesBack({ header }: Segment, found: readonly Op[]): void {
  const { feed, epoch, first, issuedAt, notAfter } = header;
  const previous = Buffer.from(header.previous, "hex");
  const draft = { feed, epoch, first, previous, issuedAt, notAfter };
  const again = openSegment(
    sealSegment({ ...draft, ops: found }, signerOf([keys.contentA])).bytes,
  );
  const { body: _, ext: _ext, ...fields } = header;
  const { body: __, ...fieldsAgain } = again.header;
  if (!isDeepStrictEqual(fields, fieldsAgain)) {
    throw new Broken("written again", "the header is another");
  }
  const begun = Math.floor(issuedAt / 1000);
  const wanted = found.map((op) => withoutPastRings(op, begun));
  if (!isDeepStrictEqual(readOps(again), wanted)) {
    throw new Broken("written again", "the ops are others");
  }
}

/** Ring times that no host waits for are not written. */
function withoutPastRings(op: Op, begun: number): Op {
  if (op.op === "lift" || (op.rings?.all ?? Infinity) > begun) return op;
  const { rings: _, ...rest } = op;
  return rest;
}
