import * as v from "valibot";
import { limits } from "./limits.js";
import { KeyId, base64url, listOf } from "./shapes.js";

/**
 * A JSON document as the text that was signed, so that nobody ever has to
 * serialise it the same way again.
 */
export const SignedText = v.strictObject({
  signed: v.pipe(v.string(), v.maxBytes(limits.textBytes)),
  signatures: listOf(
    v.strictObject({ key: KeyId, signature: base64url(64) }),
    limits.signatures,
    1,
  ),
});
export type SignedText = v.InferOutput<typeof SignedText>;

/** What a signed text is; each kind has its own prefix under the signature. */
export type TextKind =
  | "root"
  | "head"
  | "state"
  | "approval"
  | "policy"
  | "allowance"
  | "hello"
  | "receipt"
  | "rekey"
  | "leaving"
  | "statement";

/** Versions of the protocol: what one signs never counts in the other. */
export type ProtocolVersion = 1 | 2;

/** The bytes that signatures on a text are made over. */
export function textBytes(
  kind: TextKind,
  signed: string,
  version: ProtocolVersion = 1,
): Buffer {
  return Buffer.from(`tourniquet ${kind} v${version}\n${signed}`);
}
