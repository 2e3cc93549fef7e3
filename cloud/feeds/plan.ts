import type { Position } from "../../agent/model/position.js";

/** What is known of a feed when an agent asks its way. */
export interface FeedFacts {
  readonly offset: number;
  readonly epoch: string;
  readonly logBytes: number;
  /** What lies behind the agent's position; absent when history doesn't know it. */
  readonly gap: undefined | Gap;
  /** The newest snapshot, if it is still worth having. */
  readonly snapshot: undefined | SnapshotFacts;
}

export interface Gap {
  readonly ops: number;
  readonly bytes: number;
  /** Whether agents may still take in its oldest segment. */
  readonly good: boolean;
}

export interface SnapshotFacts {
  readonly offset: number;
  readonly bytes: number;
}

/** Up to so many ops are pushed; more are fetched. */
const TAIL_OPS = 1_000;

/** And so many bytes: a fetch waits for its reader, a push does not. */
const TAIL_BYTES = 512 * 1024;

export type Route =
  | { readonly kind: "tail" }
  | { readonly kind: "segments"; readonly from: number }
  /** A snapshot that stands at least at `atLeast`. */
  | { readonly kind: "snapshot"; readonly atLeast: number };

/**
 * The cheapest way to the whole truth, never to a part of it. An agent without
 * a position stands at the beginning.
 */
export function routeFor(at: Position | undefined, feed: FeedFacts): Route {
  const offset = at?.offset ?? 0;
  const { gap, snapshot } = feed;
  if (gap === undefined) {
    return { kind: "snapshot", atLeast: leastOffset(at, feed) };
  }
  if (gap.ops === 0) return { kind: "tail" };
  if (!gap.good) return { kind: "snapshot", atLeast: offset + 1 };
  if (fitsTail(gap)) return { kind: "tail" };

  const segments: Route = { kind: "segments", from: offset + 1 };
  if (snapshot !== undefined && snapshot.offset <= offset) return segments;
  // Without a snapshot, the whole log says how large one would become.
  const whole = snapshot?.bytes ?? feed.logBytes;
  return gap.bytes < 0.5 * whole
    ? segments
    : { kind: "snapshot", atLeast: offset + 1 };
}

/** The way for an agent that cannot take in the segment behind its position. */
export function pastNext(
  at: Position | undefined,
  feed: Pick<FeedFacts, "epoch" | "offset">,
): Route {
  const own = at?.epoch === feed.epoch ? at.offset : 0;
  return { kind: "snapshot", atLeast: Math.min(own + 1, feed.offset) };
}

const fitsTail = ({ ops, bytes }: Gap): boolean =>
  ops <= TAIL_OPS && bytes <= TAIL_BYTES;

/** An agent takes no snapshot from before its own offset in the same epoch. */
function leastOffset(at: Position | undefined, feed: FeedFacts): number {
  if (at?.epoch !== feed.epoch) return 0;
  return Math.min(at.offset, feed.offset);
}
