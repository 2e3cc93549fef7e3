import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { sha256 } from "../protocol/sha256.js";

/** An Ed25519 key that can sign. */
export interface SigningKey {
  /** Lower-case hex of the first 8 bytes of SHA-256 over the public key. */
  readonly id: string;
  /** The raw 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
  /** PKCS #8 as PEM, for a file that only its owner may read. */
  toPem(): string;
}

/** An Ed25519 key that can only check. */
export interface PublicKey {
  readonly id: string;
  /** The raw 32 bytes. */
  readonly raw: Uint8Array;
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

export function generateKey(): SigningKey {
  return signingKey(generateKeyPairSync("ed25519").privateKey);
}

/** @throws Error when the text is no Ed25519 private key */
export function keyFromPem(pem: string): SigningKey {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "ed25519") {
    throw new Error(`expected an Ed25519 key, got ${key.asymmetricKeyType}`);
  }
  return signingKey(key);
}

/** The key that a 32-byte seed makes (RFC 8032), for vectors that repeat. */
export function keyFromSeed(seed: Uint8Array): SigningKey {
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  return signingKey(
    createPrivateKey({ key: der, format: "der", type: "pkcs8" }),
  );
}

export function publicKey(raw: Uint8Array): PublicKey {
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, raw]),
    format: "der",
    type: "spki",
  });
  return {
    id: keyIdOf(raw),
    raw,
    verify: (bytes, signature) => verify(null, bytes, key, signature),
  };
}

export function keyIdOf(raw: Uint8Array): string {
  return sha256(raw).subarray(0, 8).toString("hex");
}

function signingKey(key: KeyObject): SigningKey {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const raw = spki.subarray(SPKI_PREFIX.length);
  return {
    id: keyIdOf(raw),
    publicKey: raw,
    sign: (bytes) => sign(null, bytes, key),
    toPem: () => key.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

/** DER around a raw Ed25519 public key (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** DER around a raw Ed25519 seed (RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
