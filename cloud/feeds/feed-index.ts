import {
  hashFromHex,
  type FeedName,
  type Position,
} from "../../agent/model/position.js";
import type { Database, Statement } from "../journal/database.js";
import type { SegmentSealed } from "../journal/decision-events.js";

/** Where a feed stands. */
export interface FeedTip extends Position {
  /** Bytes of all segments of the epoch so far. */
  readonly logBytes: number;
}

/** A segment's place, without its bytes. */
export interface SegmentEntry {
  readonly first: number;
  readonly last: number;
  readonly hash: Uint8Array;
  readonly seq: number;
  readonly bytes: number;
  /** Bytes of the epoch's segments up to and with this one. */
  readonly logBytes: number;
  readonly notAfter: number;
}

/** Finds feeds and segments; the bytes stay in the journal. */
export class FeedIndex {
  readonly #segmentAt: (seq: number) => SegmentSealed;
  readonly #feeds: Statement<FeedRow>;
  readonly #feed: Statement<FeedRow>;
  readonly #endingAt: Statement<SegmentRow>;
  readonly #after: Statement<SegmentRow>;

  readonly #signedAnew: (segment: SegmentSealed) => SegmentSealed;

  /**
   * @param segmentAt reads a segment at once: between an agent's tail and its
   * being live nothing may await
   */
  constructor(
    database: Database,
    segmentAt: (seq: number) => SegmentSealed,
    signedAnew: (segment: SegmentSealed) => SegmentSealed,
  ) {
    this.#segmentAt = segmentAt;
    this.#signedAnew = signedAnew;
    this.#feeds = database.prepare(`${FEEDS} ORDER BY feed`);
    this.#feed = database.prepare(`${FEEDS} WHERE feed = ?`);
    this.#endingAt = database.prepare(
      `${SEGMENTS} WHERE feed = ? AND epoch = ? AND last = ?`,
    );
    this.#after = database.prepare(
      `${SEGMENTS} WHERE feed = ? AND epoch = ? AND last > ? ORDER BY last`,
    );
  }

  standings(): readonly FeedTip[] {
    return this.#feeds.all().map(standingOf);
  }

  standing(feed: FeedName): FeedTip | undefined {
    const row = this.#feed.get(feed);
    return row && standingOf(row);
  }

  /** The segment whose last op is number `offset`. */
  segmentEndingAt(
    feed: FeedName,
    epoch: string,
    offset: number,
  ): SegmentEntry | undefined {
    const row = this.#endingAt.get(feed, epoch, offset);
    return row && entryOf(row);
  }

  /** Of the segment whose last op is number `offset`, in hex. */
  hashAt(feed: FeedName, epoch: string, offset: number): string | undefined {
    return this.#endingAt.get(feed, epoch, offset)?.hash;
  }

  /** The first segment behind `offset`. */
  segmentAfter(
    feed: FeedName,
    epoch: string,
    offset: number,
  ): SegmentEntry | undefined {
    const row = this.#after.get(feed, epoch, offset);
    return row && entryOf(row);
  }

  /**
   * The segments behind `offset`, up to about `mostBytes`, signed by the keys
   * that are in force.
   */
  segmentsAfter(
    { feed, epoch, offset }: Omit<Position, "hash">,
    mostBytes: number,
  ): readonly SegmentSealed[] {
    const found: SegmentSealed[] = [];
    let room = mostBytes;
    for (const { seq, bytes } of this.#after.iterate(feed, epoch, offset)) {
      room -= bytes;
      if (room < 0 && found.length > 0) break;
      found.push(this.#signedAnew(this.#segmentAt(seq)));
    }
    return found;
  }
}

interface FeedRow {
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  readonly hash: string;
  readonly logBytes: number;
}

type SegmentRow = Omit<SegmentEntry, "hash"> & { readonly hash: string };

const FEEDS =
  "SELECT feed, epoch, last AS offset, hash, log_bytes AS logBytes FROM feeds";

const SEGMENTS = `
  SELECT first, last, hash, seq, bytes, log_bytes AS logBytes,
    not_after AS notAfter FROM segments`;

const standingOf = (row: FeedRow): FeedTip => ({
  ...row,
  hash: hashFromHex(row.hash),
});

const entryOf = (row: SegmentRow): SegmentEntry => ({
  ...row,
  hash: hashFromHex(row.hash),
});
