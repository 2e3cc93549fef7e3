import { FOREVER, type Op } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { openSegment, readOps } from "../../agent/protocol/segment.js";
import { hmacSha256 } from "../../agent/protocol/sha256.js";
import {
  commitmentTo,
  committed,
  decisionPayload,
} from "../journal/commitment.js";
import type { DecisionRow } from "../journal/decisions.js";

/** What a leaf commits to, and what opens it. */
export interface Opening {
  readonly salt: Uint8Array;
  readonly payload: string;
}

/**
 * The commitments of a decision, in the order of their leaves: its own, and behind
 * it one for each op of a segment. Of what is erased they are what was kept.
 */
export function commitmentsOf(row: DecisionRow): readonly Uint8Array[] {
  if (row.salt === null) return keptOf(row);
  const own = committed(row, decisionPayload(row));
  const ops = opOpenings(row);
  return [own, ...ops.map(({ salt, payload }) => commitmentTo(salt, payload))];
}

/** The decision's own; undefined once it is erased. */
export function openingOf(row: DecisionRow): Opening | undefined {
  const payload = decisionPayload(row);
  if (row.salt === null || payload === undefined) return undefined;
  return { salt: row.salt, payload };
}

/** Those of a segment's ops; none of what is no segment, or erased. */
export function opOpenings(row: DecisionRow): readonly Opening[] {
  const { bytes, salt } = row;
  if (bytes === null || salt === null) return [];
  const segment = openSegment(bytes);
  const { feed, epoch, first } = segment.header;
  const hash = Buffer.from(segment.hash).toString("hex");
  const saltOf = opSalts(salt);
  return readOps(segment).map((op, n) => {
    const at = { feed, epoch, number: first + n, segment: hash };
    return { salt: saltOf(n), payload: opPayload(at, op) };
  });
}

/** HMAC-SHA256 by the segment's salt: whoever is shown one learns none of the others. */
function opSalts(salt: Uint8Array): (index: number) => Buffer {
  const hmac = hmacSha256(salt);
  const name = Buffer.from("op\0\0\0\0", "latin1");
  return (index) => {
    name.writeUInt32BE(index, 2);
    return hmac(name);
  };
}

const opPayload = (at: object, op: Op): string =>
  JSON.stringify({ ...at, op: opAsJson(op) });

/** The fields in this order: the bytes are what the leaf commits to. */
function opAsJson(op: Op): object {
  const range = formatCidr(op.cidr);
  if (op.op === "lift") return { op: "lift", range };
  const { cidr: _, op: __, expiresAt, reason, observed, ...more } = op;
  return {
    ...{ op: "ban", range },
    ...(expiresAt === FOREVER ? {} : { expiresAt }),
    ...{ reason, observed },
    ...more, // times of rings, where it has some
  };
}

/** What was kept of an erased row: 32 bytes a leaf, one behind the other. */
function keptOf({ seq, commitment }: DecisionRow): readonly Uint8Array[] {
  if (commitment === null || commitment.length % BYTES !== 0) {
    throw new Error(`row ${seq} has neither its salt nor its commitments`);
  }
  return Array.from({ length: commitment.length / BYTES }, (_, n) =>
    commitment.subarray(n * BYTES, (n + 1) * BYTES),
  );
}

const BYTES = 32;
