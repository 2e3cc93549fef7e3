import { needsReopening } from "../../ledger/damage.js";
import type { Ban, Op } from "../../model/ban.js";
import type {
  DatedPosition,
  FeedName,
  Position,
} from "../../model/position.js";
import type { Recorded } from "../../model/recorded.js";
import type { ReviewedBan, ReviewedOp } from "../../model/reviewed.js";
import { Malformed } from "../../protocol/malformed.js";
import { Refused, type RefusalCode } from "../../protocol/refusals.js";
import { openSegment, readOps, type Segment } from "../../protocol/segment.js";
import {
  openSnapshot,
  readBans,
  type Snapshot,
} from "../../protocol/snapshot.js";
import type { Intake } from "../../safe-mode/in-flight.js";
import { messageOf } from "../../text/message.js";
import {
  positionAfter,
  positionOf,
  type VerifiedSegment,
  type VerifiedSnapshot,
} from "../../trust/verify.js";

/** What came from the cloud: the bytes, and when the last of them arrived. */
export interface Delivery {
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970, for people. */
  readonly receivedAt: number;
  /** Milliseconds of a clock that never jumps, for durations. */
  readonly arrivedAt: number;
}

/** The steps of the walk that reach outside, in their order. */
export interface BanSteps {
  /**
   * Notes the bytes before they are looked at, until that is over.
   * @throws Refused what this agent does not look at
   */
  beginIntake(bytes: Uint8Array): Intake;
  verifySegment(segment: Segment): VerifiedSegment;
  verifySnapshot(snapshot: Snapshot): VerifiedSnapshot;
  review(from: Source, ops: readonly Op[]): readonly ReviewedOp[];
  reviewBans(from: Source, bans: readonly Ban[]): readonly ReviewedBan[];
  /** @throws Refused when a snapshot has lost more than can be meant */
  mustBePlausible(snapshot: VerifiedSnapshot): void;
  /** @throws Refused when a snapshot bans what no list does */
  mustHoldNoSentinel(bans: readonly Pick<Ban, "cidr">[]): void;
  record(position: DatedPosition, ops: readonly ReviewedOp[]): Recorded;
  stage(feed: FeedName): Staging;
  /** Returns once the kernel, read back, holds what was recorded. */
  enforce(): Promise<void>;
  /** Milliseconds of the clock that `arrivedAt` was read from. */
  monotonic(): number;
}

/** Whose bans they are, and when they were issued: milliseconds since 1970. */
export type Source = Pick<DatedPosition, "feed" | "issuedAt">;

/** A snapshot on its way into the ledger, slice by slice. */
export interface Staging {
  add(bans: readonly ReviewedBan[]): void;
  /** Compares a slice with what is in force; whether there is more. */
  compare(): boolean;
  adopt(position: DatedPosition): Recorded;
  discard(): void;
}

export type Outcome = Enforced | Refusal;

/** What is in force now. */
export interface Enforced {
  readonly kind: "enforced";
  readonly position: Position;
  readonly recorded: Recorded;
  readonly receivedAt: number;
  /** Milliseconds from receipt to the ledger's commit. */
  readonly recordedMs: number;
  /** Milliseconds from receipt to the kernel's read-back. */
  readonly enforcedMs: number;
}

/** Whatever stops the walk is an answer to the cloud, not a crash. */
export interface Refusal {
  readonly kind: "refused";
  /** Undefined where the header was not read. */
  readonly feed: FeedName | undefined;
  readonly code: RefusalCode;
  readonly detail: string;
}

/** One segment, from the wire to the kernel. Every step may run twice. */
export async function carryOut(
  delivery: Delivery,
  step: BanSteps,
): Promise<Outcome> {
  let feed: FeedName | undefined;
  try {
    using inHand = step.beginIntake(delivery.bytes);
    const segment = openSegment(delivery.bytes);
    feed = segment.header.feed;
    inHand.of(feed);
    return await enforceSegment(segment, delivery, step);
  } catch (error) {
    return refusalOf(error, feed);
  }
}

/**
 * One snapshot, from the wire to the kernel and back. It is read, reviewed and
 * recorded in slices, and the event loop turns between. Every step may run twice.
 */
export async function adopt(
  delivery: Delivery,
  step: BanSteps,
): Promise<Outcome> {
  let feed: FeedName | undefined;
  try {
    using inHand = step.beginIntake(delivery.bytes);
    const snapshot = openSnapshot(delivery.bytes);
    feed = snapshot.header.feed;
    inHand.of(feed);
    return await enforceSnapshot(snapshot, delivery, step);
  } catch (error) {
    return refusalOf(error, feed);
  }
}

async function enforceSegment(
  segment: Segment,
  delivery: Delivery,
  step: BanSteps,
): Promise<Enforced> {
  const verified = step.verifySegment(segment);
  const position = positionAfter(verified);
  const reviewed = step.review(position, readOps(verified));
  const recorded = record(() => step.record(position, reviewed));
  const recordedMs = since(delivery, step);
  await enforce(step);
  const enforcedMs = since(delivery, step);
  if (reviewed.length >= LARGE) await othersTurn();
  return enforced(delivery, position, recorded, { recordedMs, enforcedMs });
}

async function enforceSnapshot(
  snapshot: Snapshot,
  delivery: Delivery,
  step: BanSteps,
): Promise<Enforced> {
  const verified = step.verifySnapshot(snapshot);
  step.mustBePlausible(verified);
  const position = positionOf(verified);
  const recorded = await stageWhole(verified, position, step);
  const recordedMs = since(delivery, step);
  await enforce(step);
  const enforcedMs = since(delivery, step);
  return enforced(delivery, position, recorded, { recordedMs, enforcedMs });
}

async function stageWhole(
  snapshot: VerifiedSnapshot,
  position: DatedPosition,
  step: BanSteps,
): Promise<Recorded> {
  const staging = record(() => step.stage(position.feed));
  try {
    for (const slice of readBans(snapshot)) {
      step.mustHoldNoSentinel(slice);
      const reviewed = step.reviewBans(position, slice);
      record(() => staging.add(reviewed));
      await turn();
    }
    while (record(() => staging.compare())) await turn();
    return record(() => staging.adopt(position));
  } catch (error) {
    record(() => staging.discard());
    throw error;
  }
}

/** @throws whatever is no refusal */
function refusalOf(error: unknown, feed: FeedName | undefined): Refusal {
  const kind = "refused";
  if (error instanceof Refused) {
    const { code, detail } = error;
    return { kind, feed: feed ?? error.feed, code, detail };
  }
  if (error instanceof Malformed) {
    return { kind, feed, code: "malformed", detail: error.message };
  }
  throw error;
}

/** A ledger that has no room leaves everything as it was; a broken one ends it. */
function record<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    if (needsReopening(cause)) throw cause;
    throw new Refused("not-recorded", messageOf(cause), { cause });
  }
}

/** The ledger has it by now, so converging goes on until the kernel does too. */
async function enforce(step: BanSteps): Promise<void> {
  try {
    await step.enforce();
  } catch (cause) {
    if (needsReopening(cause)) throw cause;
    throw new Refused("not-enforced", messageOf(cause), { cause });
  }
}

function enforced(
  { receivedAt }: Delivery,
  position: Position,
  recorded: Recorded,
  times: { readonly recordedMs: number; readonly enforcedMs: number },
): Enforced {
  return { kind: "enforced", position, recorded, receivedAt, ...times };
}

function since({ arrivedAt }: Delivery, step: BanSteps): number {
  return step.monotonic() - arrivedAt;
}

/** Of a long list one comes after the other: who asks of this host waits for one. */
async function othersTurn(): Promise<void> {
  for (let turns = 0; turns < TURNS_OF_OTHERS; turns++) await turn();
}

/** As many as it takes to hear a question, and to answer it. */
const TURNS_OF_OTHERS = 8;

/** Ops that take longer than anybody notices. */
const LARGE = 1_000;

const turn = () => new Promise((resolve) => setImmediate(resolve));
