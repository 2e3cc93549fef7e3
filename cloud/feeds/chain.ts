import type { Op } from "../../agent/model/ban.js";
import {
  hashFromHex,
  hashToHex,
  type Position,
} from "../../agent/model/position.js";
import type { Sign } from "../../agent/protocol/container.js";
import { sealSegment } from "../../agent/protocol/segment.js";
import type { SegmentSealed } from "../journal/decision-events.js";
import { splitOps } from "./split.js";

/** What the segments of one decision have in common. */
export interface ChainTerms {
  readonly decision: string;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly sign: Sign;
}

/** What is signed is good for so long; agents away for longer get a snapshot. */
export const GOOD_FOR_MS = 30 * 24 * 60 * 60 * 1000;

/** Seals ops, one segment a step, as they follow a position. */
export function* sealChain(
  from: Position,
  ops: Iterable<Op>,
  terms: ChainTerms,
): Generator<SegmentSealed> {
  let position = from;
  for (const batch of splitOps(ops)) {
    const segment = sealNext(position, batch, terms);
    position = positionAfter(segment);
    yield segment;
  }
}

/** Seals ops that fit one segment, as they follow a position. */
export function sealNext(
  { feed, epoch, offset, hash: previous }: Position,
  ops: readonly Op[],
  { decision, issuedAt, sign }: ChainTerms,
): SegmentSealed {
  const notAfter = issuedAt + GOOD_FOR_MS;
  const first = offset + 1;
  const { hash, bytes } = sealSegment(
    { feed, epoch, first, previous, issuedAt, notAfter, ops },
    sign,
  );
  return {
    ...{ kind: "segment", decision, feed, epoch, first },
    last: offset + ops.length,
    ...{ hash: hashToHex(hash), notAfter, bytes },
  };
}

/** Where a feed stands after a segment. */
export function positionAfter(segment: SegmentSealed): Position {
  const { feed, epoch, last, hash } = segment;
  return { feed, epoch, offset: last, hash: hashFromHex(hash) };
}
