import { hashToHex, type Position } from "../model/position.js";
import type { Head } from "../protocol/documents.js";
import type { UnixMs } from "../runtime/clock.js";

/** The verdict on a head, beside what is known of its feed. */
export type HeadVerdict =
  | { readonly is: "fresh" }
  /** Newer than the last, and dated long ago: somebody holds heads back. */
  | { readonly is: "late" }
  /** Dated further ahead than clocks may differ. */
  | { readonly is: "early" }
  /** Older than one that was heard. */
  | { readonly is: "replayed" }
  /** It cannot be true together with what was signed before. */
  | { readonly is: "contradiction"; readonly what: string };

export interface HeadSurroundings {
  /** The newest head of the feed so far. */
  readonly known: Head | undefined;
  /** Where this host stands, if what the cloud says now comes after it. */
  readonly own: Position | undefined;
  /** Milliseconds since 1970. */
  readonly now: UnixMs;
  /** Milliseconds after which a head is stale. */
  readonly staleAfterMs: number;
}

/**
 * Judges a head that a head key signed, in the order of PROTOCOL.md, What a head is
 * held against: 1 dated ahead, 2 an old one, 3 a contradiction, 4 else the newest.
 */
export function judgeHead(head: Head, around: HeadSurroundings): HeadVerdict {
  const { known, own, now, staleAfterMs } = around;
  // Step 1.
  if (head.time > now + CLOCK_SKEW_MS) return { is: "early" };
  // Step 2.
  if (known !== undefined && head.time < known.time) return { is: "replayed" };
  // Step 3.
  const before = [known, own && { ...own, hash: hashToHex(own.hash) }];
  for (const each of before) {
    const what = each && contradiction(head, each);
    if (what !== undefined) return { is: "contradiction", what };
  }
  // Step 4: as fresh as its date says.
  return { is: now - head.time > staleAfterMs ? "late" : "fresh" };
}

/** Step 3: within an epoch a feed only grows, and what it was stays what it was. */
function contradiction(
  head: Head,
  before: Pick<Head, "epoch" | "offset" | "hash">,
): string | undefined {
  const { epoch, offset, hash } = head;
  if (epoch !== before.epoch) return undefined;
  if (offset < before.offset) {
    return `it was at ${epoch}/${before.offset}, and is said to be at ${offset}`;
  }
  if (offset > before.offset || hash === before.hash) return undefined;
  return `at ${epoch}/${offset} it was ${before.hash}, and is said to be ${hash}`;
}

/** How far the clocks of cloud and host may differ. */
export const CLOCK_SKEW_MS = 300_000;
