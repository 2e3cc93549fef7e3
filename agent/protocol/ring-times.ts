import { FOREVER } from "../model/ban.js";
import { rings, type RingTimes } from "../model/rings.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";

/**
 * Four varints of whole seconds: the first counts from the container's own date,
 * each of the others from the one before it, so none can come too early. What
 * was past by that date is written as the date.
 */
export function writeRingTimes(
  writer: ByteWriter,
  times: RingTimes,
  base: number,
): void {
  let before = base;
  for (const ring of rings) {
    const at = Math.max(before, Math.floor(times[ring]));
    writer.varint(at - before);
    before = at;
  }
}

/** @throws Malformed for a time that no date has */
export function readRingTimes(reader: ByteReader, base: number): RingTimes {
  let before = base;
  const next = (): number => {
    before += reader.varint();
    if (before > FOREVER) throw reader.fail(`has a ring time of ${before}`);
    return before;
  };
  return { canary: next(), early: next(), broad: next(), all: next() };
}

/** Whether any host still waits at a date, or will from then on. */
export const isWaitedFor = (
  times: RingTimes | undefined,
  at: number,
): times is RingTimes => times !== undefined && times.all > at;
