import {
  cosignedText,
  packCosignature,
  writeCheckpoint,
} from "../../agent/protocol/checkpoint.js";
import { noteKeyId, writeNote } from "../../agent/protocol/signed-note.js";
import { originOf } from "../../agent/protocol/tree-head.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import type { TreeState } from "./messages.js";

/** Who signs where a log stands. */
export interface HeadSigner {
  readonly cloudName: string;
  /** None: the root has no role for it. */
  readonly keys: readonly SigningKey[];
  readonly clock: Pick<Clock, "now">;
}

/**
 * Where the tree stands, signed by every log key, and once more with the time.
 * Undefined while no log has begun, or nobody may sign for it.
 */
export function signTreeHead(
  { size, root, facts }: Pick<TreeState, "size" | "root" | "facts">,
  { cloudName, keys, clock }: HeadSigner,
): string | undefined {
  if (facts.log === null || keys.length === 0) return undefined;
  const name = originOf(cloudName, facts.log);
  const text = writeCheckpoint({ origin: name, size, root });
  const time = unixSeconds(clock.now());
  const signatures = keys.flatMap((key) => {
    const plain = key.sign(Buffer.from(text));
    const dated = key.sign(Buffer.from(cosignedText(time, text)));
    const id = (type: "ed25519" | "cosignature") =>
      noteKeyId(name, type, key.publicKey);
    return [
      { name, key: id("ed25519"), signature: plain },
      { name, key: id("cosignature"), signature: packCosignature(time, dated) },
    ];
  });
  return writeNote({ text, signatures });
}
