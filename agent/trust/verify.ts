/**
 * The checks of PROTOCOL.md, Verification, in its order and with its numbers. Step 1,
 * that the container is well-formed, is `openSegment` and `openSnapshot` (protocol/).
 * Here: 2 signatures, 3 audience, 4 feed, 5 dates, 6 epoch, 7 offset, 8 gap, 9 chain;
 * of a snapshot 2 to 5, and 7. The body, step 10, is read afterwards, by `readOps`
 * and `readBans`.
 */

import {
  audienceOf,
  hashFromHex,
  hashToHex,
  NO_HASH,
  samePosition,
  type DatedPosition,
  type FeedName,
  type Position,
} from "../model/position.js";
import { beatBytes, decodeBeat } from "../protocol/beat.js";
import { Head } from "../protocol/documents.js";
import { State } from "../protocol/documents-v2.js";
import { Refused } from "../protocol/refusals.js";
import type { Segment } from "../protocol/segment.js";
import { parseJson } from "../protocol/shapes.js";
import { textBytes, type SignedText } from "../protocol/signed-text.js";
import type { Snapshot } from "../protocol/snapshot.js";
import type { UnixMs } from "../runtime/clock.js";
import { decodeSignatures, type TrustedRoot } from "./root.js";

declare const verified: unique symbol;

/** Only `verifySegment` makes one, so nothing unverified can be obeyed. */
export type VerifiedSegment = Segment & { readonly [verified]: "segment" };

/** Only `verifySnapshot` makes one. */
export type VerifiedSnapshot = Snapshot & { readonly [verified]: "snapshot" };

/** What a container is held against. */
export interface Expectation {
  readonly root: TrustedRoot;
  /** Feeds this agent follows. */
  readonly feeds: readonly FeedName[];
  /** Milliseconds since 1970. */
  readonly now: UnixMs;
}

/**
 * Accepts the segment that comes next after `position` and is signed for this
 * agent's feed, and nothing else.
 * @throws Refused with the first rule that it breaks
 */
export function verifySegment(
  segment: Segment,
  position: Position | undefined,
  expect: Expectation,
): VerifiedSegment {
  checkOrigin(segment, expect); // steps 2 to 5
  checkSequence(segment, position); // steps 6 to 9
  return segment as VerifiedSegment;
}

/**
 * Accepts a snapshot that leads away from `position`, not back, and is signed
 * for this agent's feed. At the same offset it may be of another history.
 * @throws Refused with the first rule that it breaks
 */
export function verifySnapshot(
  snapshot: Snapshot,
  position: DatedPosition | undefined,
  expect: Expectation,
): VerifiedSnapshot {
  checkOrigin(snapshot, expect); // steps 2 to 5
  if (position !== undefined) checkAdvance(snapshot, position); // step 7
  return snapshot as VerifiedSnapshot;
}

/**
 * Accepts a head that a head key signed. That the root has expired does not
 * matter: a head puts nothing into force, and its date is what tells a host
 * that its clock runs ahead. What a head is held against comes after (freshness.ts).
 */
export function verifyHead(text: SignedText, root: TrustedRoot): Head {
  const bytes = textBytes("head", text.signed);
  root.check("head", bytes, decodeSignatures(text));
  return parseJson(Head, text.signed, "head");
}

/** As `verifyHead`, of where all feeds stand together. */
export function verifyState(text: SignedText, root: TrustedRoot): State {
  const bytes = textBytes("state", text.signed, 2);
  root.check("head", bytes, decodeSignatures(text));
  return parseJson(State, text.signed, "state");
}

/**
 * Accepts a beat that a head key signed about this very state, and returns its time.
 * One about another state is as good as one that nobody signed.
 * @throws Refused, Malformed
 */
export function verifyBeat(
  beat: Uint8Array,
  { signed }: SignedText,
  root: TrustedRoot,
): UnixMs {
  const { time, signatures } = decodeBeat(beat);
  root.check("head", beatBytes(signed, time), signatures);
  return time;
}

/** The position that a segment leads to. */
export function positionAfter(segment: VerifiedSegment): DatedPosition {
  const { feed, epoch, last, issuedAt } = segment.header;
  return { feed, epoch, offset: last, hash: segment.hash, issuedAt };
}

/** The position that a snapshot stands for. */
export function positionOf(snapshot: VerifiedSnapshot): DatedPosition {
  return standingOf(snapshot);
}

function standingOf({ header }: Snapshot): DatedPosition {
  const { feed, epoch, offset, hash, issuedAt } = header;
  return { feed, epoch, offset, hash: hashFromHex(hash), issuedAt };
}

/**
 * What every container has to pass, wherever its feed stands: PROTOCOL.md,
 * Verification, steps 2 to 5.
 */
function checkOrigin(
  { header, signedBytes, signatures }: Segment | Snapshot,
  expect: Expectation,
): void {
  expect.root.check("content", signedBytes, signatures); // step 2
  checkAddressee(header, expect); // steps 3 and 4
  checkDate(header.notAfter, expect.now); // step 5
  expect.root.mustBeGoodAt(expect.now); // step 5
}

/** PROTOCOL.md, Verification, steps 3 and 4. */
function checkAddressee(
  header: { readonly feed: FeedName; readonly audience: string },
  { feeds }: Expectation,
): void {
  // Step 3.
  if (header.audience !== audienceOf(header.feed)) {
    throw new Refused(
      "wrong-audience",
      `${header.feed} is not for ${JSON.stringify(header.audience)}`,
    );
  }
  // Step 4.
  if (!feeds.includes(header.feed)) {
    throw new Refused(
      "wrong-feed",
      `this agent does not follow ${header.feed}`,
    );
  }
}

/** PROTOCOL.md, Verification, step 5: of the container; the root's date follows. */
function checkDate(notAfter: UnixMs, now: UnixMs): void {
  if (now <= notAfter) return;
  throw new Refused(
    "expired",
    `it was good until ${new Date(notAfter).toISOString()}`,
  );
}

/**
 * PROTOCOL.md, Verification, step 7, of a snapshot: whoever holds the connection
 * may have an older one, signed as well.
 */
function checkAdvance(snapshot: Snapshot, at: DatedPosition): void {
  const offered = standingOf(snapshot);
  const { feed, epoch, offset, issuedAt } = offered;
  const before =
    epoch === at.epoch
      ? offset < at.offset || samePosition(offered, at)
      : issuedAt < at.issuedAt;
  if (!before) return;
  throw new Refused(
    "replayed",
    `the snapshot of ${feed} stands at ${epoch}/${offset}, this agent at ${at.epoch}/${at.offset}`,
  );
}

/**
 * PROTOCOL.md, Verification, steps 6 to 9, of a segment: an agent that has nothing
 * yet may begin at the first op of any epoch.
 */
function checkSequence(segment: Segment, at: Position | undefined): void {
  const { feed, epoch, first, last, previous } = segment.header;
  // Step 6.
  if (at !== undefined && at.epoch !== epoch) {
    throw new Refused("wrong-epoch", `${feed} is at ${at.epoch}, not ${epoch}`);
  }
  // Step 7.
  const offset = at?.offset ?? 0;
  if (last <= offset) {
    throw new Refused("replayed", `${feed} is past ${last}, at ${offset}`);
  }
  // Step 8.
  if (first !== offset + 1) {
    throw new Refused(
      "gap",
      `${feed} is at ${offset}, the segment at ${first}`,
    );
  }
  // Step 9.
  const before = hashToHex(at?.hash ?? NO_HASH);
  if (before !== previous) {
    throw new Refused(
      "forked",
      `${feed} at ${offset} is ${before}, not ${previous}`,
    );
  }
}
