import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../agent/clock.js";
import type { Op } from "../../agent/model/ban.js";
import type { FeedName, Position } from "../../agent/model/position.js";
import { Mutex } from "../../agent/mutex.js";
import type { Sign } from "../../agent/protocol/container.js";
import { sealSegment } from "../../agent/protocol/segment.js";
import type { Decided, Event, SegmentSealed } from "../journal/events.js";
import type { Journal } from "../journal/journal.js";
import type { FeedIndex } from "./feed-index.js";
import { splitOps } from "./split.js";

/** Agents away for longer get a snapshot. */
export const SEGMENT_GOOD_FOR_MS = 30 * 24 * 60 * 60 * 1000;

/** Where a decision stands in its feed. */
export interface Placed {
  readonly position: Position;
  readonly decidedAt: number;
}

/** Writes the feeds: decisions become signed, chained segments. */
export class Feeds {
  readonly #journal: Journal;
  readonly #index: FeedIndex;
  readonly #sign: Sign;
  readonly #clock: Clock;
  readonly #turns = new Map<FeedName, Mutex>();

  constructor(ports: {
    readonly journal: Journal;
    readonly index: FeedIndex;
    readonly sign: Sign;
    readonly clock: Clock;
  }) {
    this.#journal = ports.journal;
    this.#index = ports.index;
    this.#sign = ports.sign;
    this.#clock = ports.clock;
  }

  /**
   * Makes a decision durable and hands its segments to whoever subscribed: one
   * append, so that all of it happened or none.
   */
  async publish(decided: Decided, ops: Iterable<Op>): Promise<Placed> {
    return this.#turnOf(decided.feed).run(async () => {
      const decidedAt = this.#clock.now();
      const segments = await this.#seal(decided, ops, decidedAt);
      this.#journal.append([decided, ...segments]);
      return { position: this.#standing(decided.feed), decidedAt };
    });
  }

  /** Between two segments of a large import the others get their turn. */
  async #seal(
    { feed, decision }: Decided,
    ops: Iterable<Op>,
    issuedAt: number,
  ): Promise<readonly SegmentSealed[]> {
    const segments: SegmentSealed[] = [];
    let at: Position = this.#standing(feed);
    for (const batch of splitOps(ops)) {
      if (segments.length > 0) await nextTurn();
      const { segment, next } = this.#sealOne(at, batch, issuedAt);
      segments.push({ ...segment, decision });
      at = next;
    }
    return segments;
  }

  #sealOne(
    { feed, epoch, offset, hash: previous }: Position,
    ops: readonly Op[],
    issuedAt: number,
  ): { segment: Omit<SegmentSealed, "decision">; next: Position } {
    const first = offset + 1;
    const last = offset + ops.length;
    const notAfter = issuedAt + SEGMENT_GOOD_FOR_MS;
    const { bytes, hash } = sealSegment(
      { feed, epoch, first, previous, issuedAt, notAfter, ops },
      this.#sign,
    );
    const chain = { feed, epoch, first, last, hash: hash.toString("hex") };
    return {
      segment: { kind: "segment", ...chain, notAfter, bytes },
      next: { feed, epoch, offset: last, hash },
    };
  }

  #standing(feed: FeedName): Position {
    const standing = this.#index.standing(feed);
    if (standing === undefined) throw new Error(`${feed} was never begun`);
    return standing;
  }

  #turnOf(feed: FeedName): Mutex {
    const turn = this.#turns.get(feed) ?? new Mutex();
    this.#turns.set(feed, turn);
    return turn;
  }
}

/** A feed's first breath: it gets an epoch, and stands at 0. */
export function feedBegun(feed: FeedName): Event {
  return { kind: "feed-begun", feed, epoch: randomBytes(6).toString("hex") };
}
