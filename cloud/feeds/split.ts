import type { Op } from "../../agent/model/ban.js";
import { limits } from "../../agent/protocol/limits.js";

/** Cuts ops into batches that fit a segment, whatever their reasons weigh. */
export function* splitOps(ops: Iterable<Op>): Generator<readonly Op[]> {
  let batch: Op[] = [];
  let reasons = new Set<string>();
  let room = ROOM;
  for (const op of ops) {
    const cost = costOf(op, reasons);
    if (batch.length === limits.segmentOps || cost > room) {
      yield batch;
      batch = [];
      reasons = new Set();
      room = ROOM;
    }
    room -= costOf(op, reasons);
    batch.push(op);
    if (op.op === "ban") reasons.add(op.reason);
  }
  if (batch.length > 0) yield batch;
}

/** Deflating may gain nothing; header and signatures take the rest. */
const ROOM = limits.segmentBytes - limits.headerBytes - 1_024;

/** Tag, prefix, 16 bytes of address, and varints for expiry and reason. */
const MOST_OP_BYTES = 32;

function costOf(op: Op, known: ReadonlySet<string>): number {
  if (op.op === "lift" || known.has(op.reason)) return MOST_OP_BYTES;
  return MOST_OP_BYTES + 2 + Buffer.byteLength(op.reason);
}
