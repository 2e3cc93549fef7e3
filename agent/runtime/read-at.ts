import { readSync } from "node:fs";

/** Bytes of an open file from there on: fewer where there are no more. */
export function readAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let have = 0;
  while (have < length) {
    const more = readSync(file, bytes, have, length - have, at + have);
    if (more === 0) break;
    have += more;
  }
  return bytes.subarray(0, have);
}
