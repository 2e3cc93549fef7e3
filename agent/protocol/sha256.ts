import { hash } from "node:crypto";

/**
 * SHA-256 of some pieces in a row, several of which should be small. Where many are
 * hashed one by one, objects that take pieces in cost the garbage collector more
 * than the hashes cost.
 */
export function sha256(...pieces: readonly Uint8Array[]): Buffer {
  const [first] = pieces;
  const isOne = first !== undefined && pieces.length === 1;
  return hash("sha256", isOne ? first : Buffer.concat(pieces), "buffer");
}

/** HMAC-SHA256 (RFC 2104) of much by one key, of at most 64 bytes. */
export function hmacSha256(key: Uint8Array): (data: Uint8Array) => Buffer {
  if (key.length > BLOCK_BYTES) {
    throw new RangeError(`a key of ${key.length} bytes, more than a block`);
  }
  const inner = padded(key, 0x36);
  const outer = padded(key, 0x5c);
  return (data) => sha256(outer, sha256(inner, data));
}

/** As RFC 2104 names them: the key to a block's length, each byte with the pad's. */
function padded(key: Uint8Array, pad: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES, pad);
  for (const [at, byte] of key.entries()) block[at] = byte ^ pad;
  return block;
}

/** Of SHA-256. */
const BLOCK_BYTES = 64;
