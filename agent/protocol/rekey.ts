import * as v from "valibot";
import { limits } from "./limits.js";
import { Id, KeyId, base64url, shortText } from "./shapes.js";

/** A device's word that it is to be known by another key from now on. */
export const Rekey = v.strictObject({
  agent: Id,
  /** Of the challenge that the session's hello answered: good in it alone. */
  nonce: base64url(32),
  cloud: shortText(128),
  /** The new raw Ed25519 public key; the private one never leaves. */
  publicKey: base64url(32),
});
export type Rekey = v.InferOutput<typeof Rekey>;

/** Body of `POST /v1/rekey`. */
export const RekeyRequest = v.strictObject({
  /** A `Rekey`, exactly as it was signed. */
  signed: v.pipe(v.string(), v.maxBytes(limits.textBytes)),
  /** By the key that the cloud knows. */
  signature: base64url(64),
  /** By the new key, over the same bytes: it is held. */
  proof: base64url(64),
});
export type RekeyRequest = v.InferOutput<typeof RekeyRequest>;

/** Answer to `POST /v1/rekey`: the only key that is accepted now. */
export const RekeyAnswer = v.strictObject({ key: KeyId });
