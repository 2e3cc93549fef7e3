import type { FeedName, Position } from "../../agent/model/position.js";
import { isOfVersion2 } from "../../agent/protocol/container.js";
import type { SegmentSealed } from "../journal/decision-events.js";
import { encodeFrame } from "./frame.js";

/** Reads every segment behind a position from the disk. */
type ReadSegments = (
  at: Omit<Position, "hash">,
) => readonly Pick<SegmentSealed, "first" | "last" | "bytes">[];

/** One segment as it is written to sockets. */
export interface SegmentFrame {
  readonly bytes: Buffer;
  /** Whether only those can read it who read bans with ring times. */
  readonly hasRings: boolean;
}

interface Frame extends SegmentFrame {
  readonly first: number;
  readonly last: number;
}

/** The newest segments of one feed, without a gap and up to the present. */
interface Stretch {
  readonly epoch: string;
  readonly frames: readonly Frame[];
}

/**
 * The newest segments as frames: a fleet that comes back is answered from
 * memory, and every agent of it with the same bytes.
 */
export class RecentFrames {
  readonly #read: ReadSegments;
  /** The feed that was used last stands last. */
  readonly #stretches = new Map<FeedName, Stretch>();
  #bytes = 0;

  constructor(read: ReadSegments) {
    this.#read = read;
  }

  /** Takes in a segment as it is made. */
  add(segment: SegmentSealed): SegmentFrame {
    const { feed, epoch, first } = segment;
    const frame = frameOf(segment);
    const known = this.#stretches.get(feed);
    const goesOn =
      known?.epoch === epoch && known.frames.at(-1)?.last === first - 1;
    this.#keep(feed, epoch, [...(goesOn ? known.frames : []), frame]);
    return frame;
  }

  /** Frames of all segments behind the position, in order. */
  after(at: Omit<Position, "hash">): readonly SegmentFrame[] {
    const { feed, epoch, offset } = at;
    const known = this.#stretches.get(feed);
    const from = known?.epoch === epoch ? startOf(known.frames, offset) : -1;
    if (known !== undefined && from >= 0) {
      return known.frames.slice(from);
    }
    const frames = this.#read(at).map(frameOf);
    if (frames.length > 0) this.#keep(feed, epoch, frames);
    return frames;
  }

  forgetAll(): void {
    this.#stretches.clear();
    this.#bytes = 0;
  }

  #keep(feed: FeedName, epoch: string, frames: readonly Frame[]): void {
    this.#forget(feed);
    const kept = newest(frames);
    this.#stretches.set(feed, { epoch, frames: kept });
    this.#bytes += sizeOf(kept);
    for (const other of this.#stretches.keys()) {
      if (this.#bytes <= MOST_BYTES) return;
      if (other !== feed) this.#forget(other);
    }
  }

  #forget(feed: FeedName): void {
    this.#bytes -= sizeOf(this.#stretches.get(feed)?.frames ?? []);
    this.#stretches.delete(feed);
  }
}

/** Of one feed: more than any tail has. */
const MOST_FEED_BYTES = 1024 * 1024;

/** Of all feeds together. */
const MOST_BYTES = 64 * 1024 * 1024;

const frameOf = (
  segment: Pick<SegmentSealed, "first" | "last" | "bytes">,
): Frame => ({
  first: segment.first,
  last: segment.last,
  bytes: encodeFrame("binary", segment.bytes),
  hasRings: isOfVersion2(segment.bytes),
});

/** Index of the frame that begins behind `offset`; -1 when it is not held. */
function startOf(frames: readonly Frame[], offset: number): number {
  if (frames.at(-1)?.last === offset) return frames.length;
  return frames.findIndex(({ first }) => first === offset + 1);
}

function newest(frames: readonly Frame[]): readonly Frame[] {
  let bytes = sizeOf(frames);
  let from = 0;
  while (bytes > MOST_FEED_BYTES && from < frames.length - 1) {
    bytes -= frames[from]?.bytes.length ?? 0;
    from += 1;
  }
  return from === 0 ? frames : frames.slice(from);
}

const sizeOf = (frames: readonly Frame[]): number =>
  frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
