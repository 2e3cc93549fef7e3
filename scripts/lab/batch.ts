import type { Op } from "../../agent/model/ban.js";
import { hashToHex } from "../../agent/model/position.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import {
  openSegment,
  readOps,
  type Segment,
} from "../../agent/protocol/segment.js";

/** What a segment comes to: all hosts get the same bytes, which are read once. */
export interface Batch {
  /** Where a host stands that took it in. */
  readonly place: Receipt["position"];
  /** Number of its first op. */
  readonly first: number;
  /** Read when somebody asks, and once. */
  ops(): readonly Op[];
}

/** The newest of what was read; one is told from others by its first bytes. */
export class Batches {
  readonly #known = new Map<string, Batch>();

  of(bytes: Buffer): Batch {
    const start = bytes.toString("latin1", 0, HEAD_BYTES);
    const known = this.#known.get(start);
    if (known !== undefined) return known;
    const batch = batchOf(openSegment(bytes));
    this.#known.set(start, batch);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) {
      this.#known.delete(oldest);
    }
    return batch;
  }
}

export function batchOf(segment: Segment): Batch {
  const { header, hash } = segment;
  const { feed, epoch, first, last: offset } = header;
  let ops: readonly Op[] | undefined;
  return {
    place: { feed, epoch, offset, hash: hashToHex(hash) },
    first,
    ops: () => (ops ??= readOps(segment)),
  };
}

/** A header's feed, place and the hash before it. */
const HEAD_BYTES = 512;

/** A host that is a little behind still finds it: some MB of large ones. */
const MOST_KNOWN = 64;
