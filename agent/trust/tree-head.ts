import {
  cosignedText,
  readCheckpoint,
  unpackCosignature,
  type Checkpoint,
} from "../protocol/checkpoint.js";
import { Refused } from "../protocol/refusals.js";
import {
  noteKeyId,
  readNote,
  type NoteSignature,
} from "../protocol/signed-note.js";
import type { PublicKey } from "./keys.js";
import type { TrustedRoot } from "./root.js";

/** Where a log stood at a time, in the word of enough log keys. */
export interface TreeHead extends Checkpoint {
  /** Until when the log was said to stand there: Unix seconds. */
  readonly time: number;
}

/**
 * Accepts a checkpoint that enough of the root's log keys have signed, both as it
 * is and with a time: PROTOCOL.md, Tree heads. Signatures of others, as of
 * witnesses, are passed over.
 * @throws Refused or Malformed
 */
export function verifyTreeHead(note: string, root: TrustedRoot): TreeHead {
  const { text, signatures } = readNote(note);
  const checkpoint = readCheckpoint(text);
  const { threshold } = root.roleOf("log");
  const keys = [...root.keysOf("log").values()];
  const isGood = (key: PublicKey): boolean =>
    named(signatures, "ed25519", checkpoint.origin, key).some((each) =>
      key.verify(Buffer.from(text), each.signature),
    );
  const signed = keys.filter(isGood);
  const times = keys.flatMap((key) => {
    const own = named(signatures, "cosignature", checkpoint.origin, key);
    const said = own.flatMap(({ signature }) => timeOf(signature, text, key));
    return said.length === 0 ? [] : [Math.max(...said)];
  });
  // By then enough keys had said so: one alone makes no head fresh.
  const time = times.sort((one, other) => other - one)[threshold - 1];
  if (signed.length < threshold || time === undefined) {
    throw new Refused(
      "bad-signature",
      `${signed.length} of ${threshold} needed signatures for log are good, and ${times.length} with a time`,
    );
  }
  return { ...checkpoint, time };
}

const named = (
  signatures: readonly NoteSignature[],
  type: "ed25519" | "cosignature",
  origin: string,
  key: PublicKey,
): readonly NoteSignature[] => {
  const id = noteKeyId(origin, type, key.raw);
  return signatures.filter((each) => each.name === origin && each.key === id);
};

function timeOf(
  packed: Uint8Array,
  text: string,
  key: PublicKey,
): readonly number[] {
  const own = unpackCosignature(packed);
  if (own === undefined) return [];
  const bytes = Buffer.from(cosignedText(own.time, text));
  return key.verify(bytes, own.signature) ? [own.time] : [];
}
