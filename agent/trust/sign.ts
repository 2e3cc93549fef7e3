import type { Sign } from "../protocol/container.js";
import {
  textBytes,
  type ProtocolVersion,
  type SignedText,
  type TextKind,
} from "../protocol/signed-text.js";
import type { SigningKey } from "./keys.js";

/** Signs containers with every given key. */
export function signerOf(keys: readonly SigningKey[]): Sign {
  return (bytes) =>
    keys.map((key) => ({ key: key.id, signature: key.sign(bytes) }));
}

/** Signs a document as text, with every given key. */
export function signText(
  kind: TextKind,
  document: unknown,
  keys: readonly SigningKey[],
  version: ProtocolVersion = 1,
): SignedText {
  const signed = JSON.stringify(document);
  const bytes = textBytes(kind, signed, version);
  return {
    signed,
    signatures: keys.map((key) => ({
      key: key.id,
      signature: Buffer.from(key.sign(bytes)).toString("base64url"),
    })),
  };
}

/** A device's own signature, as hello and receipt carry it. */
export function signAsDevice(
  kind: "hello" | "receipt" | "rekey" | "leaving" | "statement",
  document: unknown,
  key: Pick<SigningKey, "sign">,
  version: ProtocolVersion = 1,
): { readonly signed: string; readonly signature: string } {
  const signed = JSON.stringify(document);
  const signature = key.sign(textBytes(kind, signed, version));
  return { signed, signature: Buffer.from(signature).toString("base64url") };
}
