import { Malformed } from "./malformed.js";
import { HASH_BYTES } from "./merkle-tree.js";
import { readBase64 } from "./signed-note.js";

/**
 * Where a log stands, C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): the
 * text of a signed note of three lines. Lines behind them are passed over: they are
 * signed, and say nothing that is known here.
 */
export interface Checkpoint {
  /** Which log it is; its keys are named so too. */
  readonly origin: string;
  /** How many leaves it has. */
  readonly size: number;
  readonly root: Uint8Array;
}

/** Characters of an origin. */
export const MOST_ORIGIN = 512;

/** Lines behind the three: nobody of ours writes any. */
const MOST_EXTENSIONS = 16;

export function writeCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

/** @throws Malformed */
export function readCheckpoint(text: string): Checkpoint {
  if (!text.endsWith("\n")) throw bad("does not end in a newline");
  const lines = text.slice(0, -1).split("\n");
  const [origin = "", size = "", root = "", ...extensions] = lines;
  if (origin === "" || origin.length > MOST_ORIGIN) {
    throw bad(`has an origin of ${origin.length} characters`);
  }
  if (extensions.length > MOST_EXTENSIONS || extensions.includes("")) {
    throw bad("has lines behind its root that it may not have");
  }
  return { origin, size: readSize(size), root: readRoot(root) };
}

/**
 * The text that a cosignature is made over, C2SP tlog-cosignature v1
 * (https://c2sp.org/tlog-cosignature): so far the log had come by then.
 * @param time Unix seconds
 */
export const cosignedText = (time: number, checkpoint: string): string =>
  `cosignature/v1\ntime ${time}\n${checkpoint}`;

/** What stands in a signature line of a cosignature: when, and the signature. */
export function packCosignature(
  time: number,
  signature: Uint8Array,
): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(time));
  return Buffer.concat([bytes, signature]);
}

/** Undefined where it is none of Ed25519's. */
export function unpackCosignature(
  bytes: Uint8Array,
): { readonly time: number; readonly signature: Uint8Array } | undefined {
  if (bytes.length !== 8 + 64) return undefined;
  const time = Number(Buffer.from(bytes).readBigUInt64BE());
  if (time > LATEST_S) return undefined;
  return { time, signature: bytes.subarray(8) };
}

/** The end of the year 9999, as all times here. */
const LATEST_S = 253_402_300_799;

function readSize(text: string): number {
  const size = Number(text);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(size)) {
    throw bad("has a size that is no whole number below 2^53");
  }
  return size;
}

function readRoot(text: string): Uint8Array {
  const root = readBase64(text);
  if (root?.length === HASH_BYTES) return root;
  throw bad("has a root that is not 32 bytes of base64");
}

const bad = (problem: string): Malformed =>
  new Malformed("checkpoint", problem);
