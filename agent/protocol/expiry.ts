import { FOREVER } from "../model/ban.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";

/**
 * An expiry on the wire is a varint relative to the container's own date in
 * whole seconds: 0 is without end, n is n - 1 seconds after it.
 */
export function writeExpiry(
  writer: ByteWriter,
  expiresAt: number,
  base: number,
): void {
  writer.varint(
    expiresAt >= FOREVER ? 0 : Math.max(0, Math.floor(expiresAt) - base) + 1,
  );
}

/** Unix seconds, at most `FOREVER`. */
export function readExpiry(reader: ByteReader, base: number): number {
  const value = reader.varint();
  return value === 0 ? FOREVER : Math.min(FOREVER, base + value - 1);
}
