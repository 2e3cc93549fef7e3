import * as v from "valibot";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import {
  readSignatures,
  writeSignatures,
  type Signature,
} from "./container.js";
import { sha256 } from "./sha256.js";
import { Time } from "./shapes.js";

/**
 * "What I said last of all your feeds is still so, at this time": the heartbeat of a
 * cloud of version 2 that has nothing new to say.
 *
 *     magic 4 | time 8 | count 1 | (key 8 | signature 64)*
 */
export interface Beat {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly signatures: readonly Signature[];
}

const MAGIC = Buffer.from("TQH2", "latin1");

/** Whether a binary frame is a beat, and no segment. */
export const isBeat = (bytes: Uint8Array): boolean =>
  MAGIC.equals(bytes.subarray(0, MAGIC.length));

/** What a beat's signatures are made over: of which state it is, and when. */
export const beatBytes = (state: string, time: number): Buffer =>
  Buffer.concat([
    Buffer.from("tourniquet beat v2\n"),
    sha256(Buffer.from(state)),
    timeBytes(time),
  ]);

export function encodeBeat({ time, signatures }: Beat): Buffer {
  const writer = new ByteWriter(128).raw(MAGIC).raw(timeBytes(time));
  writeSignatures(writer, signatures);
  return writer.bytes();
}

/** @throws Malformed */
export function decodeBeat(bytes: Uint8Array): Beat {
  const reader = new ByteReader(bytes, "beat");
  if (!isBeat(reader.take(MAGIC.length))) throw reader.fail("has no magic");
  const time = Number(Buffer.from(reader.take(8)).readBigUInt64BE());
  if (!isTime(time)) throw reader.fail(`is dated ${time}`);
  const signatures = readSignatures(reader);
  reader.end();
  return { time, signatures };
}

const isTime = (time: number): boolean => v.is(Time, time);

function timeBytes(time: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(time));
  return bytes;
}
