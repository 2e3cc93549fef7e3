import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Op } from "../../agent/model/ban.js";
import {
  hashToHex,
  type FeedName,
  type Position,
} from "../../agent/model/position.js";
import type { Sign } from "../../agent/protocol/container.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { Mutex } from "../../agent/runtime/mutex.js";
import type {
  Decided,
  DecisionEvent,
  SegmentSealed,
} from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { JournalConflict } from "../journal/failures.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Capacity } from "./capacity.js";
import { positionAfter, sealNext, type ChainTerms } from "./chain.js";
import type { FeedIndex } from "./feed-index.js";
import { splitOps } from "./split.js";

/** Where a decision stands in its feed. */
export interface Placed {
  readonly position: Position;
  readonly decidedAt: number;
}

/**
 * Publishes ops of one decision in a feed, in the turn that it was given in.
 * @param along what is written down with the decision, in the same append
 */
export type Publish = (
  decided: Decided,
  ops: Iterable<Op>,
  along?: readonly DecisionEvent[],
) => Promise<Placed>;

/** Somebody who writes to the same feed elsewhere was first. */
class FeedMoved extends Error {
  override readonly name = "FeedMoved";

  constructor(feed: FeedName) {
    super(`${feed} does not stand where it was looked at`);
  }
}

export interface FeedsPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  /** How far the observations go that are known now. */
  seen(): number;
  readonly index: Pick<FeedIndex, "standing">;
  readonly sign: Sign;
  readonly clock: Pick<Clock, "now">;
  readonly capacity: Pick<Capacity, "makeRoom">;
}

/** Writes the feeds: decisions become signed, chained segments. */
export class Feeds {
  readonly #ports: FeedsPorts;
  readonly #turns = new Map<FeedName, Mutex>();

  constructor(ports: FeedsPorts) {
    this.#ports = ports;
  }

  /** As one decision of a feed that needs no look at what it holds. */
  async publish(decided: Decided, ops: Iterable<Op>): Promise<Placed> {
    return this.inTurn(decided.feed, (publish) => publish(decided, ops));
  }

  /**
   * Lets `work` look at the feed and publish in it, while nobody else does. What
   * it saw is so until it is done: should somebody who writes to the same feed
   * elsewhere be first, all of it is done again: what `work` leaves behind is in
   * what it returns, and nowhere else.
   * @throws JournalConflict after many turns, and what `work` throws
   */
  async inTurn<T>(
    feed: FeedName,
    work: (publish: Publish) => Promise<T>,
  ): Promise<T> {
    const { decisions } = this.#ports;
    return this.#turnOf(feed).run(async () => {
      for (let turn = 1; ; turn++) {
        const { level } = decisions;
        const from = this.#standing(feed);
        try {
          return await work((decided, ops, along = []) =>
            this.#publish({ decided, along }, ops, from),
          );
        } catch (error) {
          if (!(error instanceof FeedMoved)) throw error;
          if (turn >= MOST_TURNS) {
            throw new JournalConflict(level, decisions.level);
          }
        }
      }
    });
  }

  /**
   * Makes a decision durable and hands its segments to whoever subscribed. What
   * fits one group happened or not; of a larger import a crash leaves the
   * beginning. Between two segments the others get their turn.
   * @throws FeedFull, or FeedMoved before anything of it is written
   */
  async #publish(
    word: Word,
    ops: Iterable<Op>,
    from: Position,
  ): Promise<Placed> {
    const { clock, capacity, sign } = this.#ports;
    const { feed, decision, action, ranges, undoes } = word.decided;
    // Who undoes something has made room for what comes back.
    const brings = action !== "lift" && undoes === undefined;
    if (brings) await capacity.makeRoom(feed, ranges);
    const decidedAt = clock.now();
    const terms = { decision, issuedAt: decidedAt, sign };
    const batches = splitOps(ops)[Symbol.iterator]();
    let group = await sealGroup(from, batches, terms);
    if (!(await this.#append(from, group, word))) throw new FeedMoved(feed);
    while (group.ops.length === GROUP) {
      await nextTurn();
      group = await this.#goOn(
        await sealGroup(group.end, batches, terms),
        terms,
      );
    }
    return { position: group.end, decidedAt };
  }

  /** The rest of a decision goes on behind whatever was written in between. */
  async #goOn(sealed: Group, terms: ChainTerms): Promise<Group> {
    let group = sealed;
    for (let { start } = group; ; start = this.#standing(start.feed)) {
      if (start !== group.start) {
        group = await sealGroup(start, group.ops.values(), terms);
      }
      if (await this.#append(start, group)) return group;
    }
  }

  /** Whether the feed stood there still; if not, nothing is written. */
  async #append(
    from: Position,
    { segments }: Group,
    word?: Word,
  ): Promise<boolean> {
    const { decisions } = this.#ports;
    return lookThenAppend(decisions, () => {
      const isThere = isSamePlace(this.#standing(from.feed), from);
      if (!isThere) return { events: [], answer: false };
      const events = word ? this.#eventsOf(word) : [];
      return { events: [...events, ...segments], answer: true };
    });
  }

  #eventsOf({ decided, along }: Word): readonly DecisionEvent[] {
    return [{ ...decided, seen: this.#ports.seen() }, ...along];
  }

  #standing(feed: FeedName): Position {
    const standing = this.#ports.index.standing(feed);
    if (standing === undefined) throw new Error(`${feed} was never begun`);
    return standing;
  }

  #turnOf(feed: FeedName): Mutex {
    const turn = this.#turns.get(feed) ?? new Mutex();
    this.#turns.set(feed, turn);
    return turn;
  }
}

/** A decision, and what is written down with it. */
interface Word {
  readonly decided: Decided;
  readonly along: readonly DecisionEvent[];
}

/** Segments that are appended at once. */
interface Group {
  readonly start: Position;
  readonly end: Position;
  /** Of each segment. */
  readonly ops: readonly (readonly Op[])[];
  readonly segments: readonly SegmentSealed[];
}

/** Seals the next segments, in turns: sealing one takes a millisecond. */
async function sealGroup(
  start: Position,
  batches: Iterator<readonly Op[]>,
  terms: ChainTerms,
): Promise<Group> {
  const ops: (readonly Op[])[] = [];
  const segments: SegmentSealed[] = [];
  let end = start;
  while (ops.length < GROUP) {
    if (ops.length > 0) await nextTurn();
    const next = batches.next();
    if (next.done === true) break;
    const segment = sealNext(end, next.value, terms);
    end = positionAfter(segment);
    ops.push(next.value);
    segments.push(segment);
  }
  return { start, end, ops, segments };
}

const isSamePlace = (one: Position, other: Position): boolean =>
  one.epoch === other.epoch &&
  one.offset === other.offset &&
  hashToHex(one.hash) === hashToHex(other.hash);

/** Segments in one append: some 20 ms for the journal and its readers. */
const GROUP = 16;

/** Somebody gets ahead in each turn: so many gateways there are not. */
const MOST_TURNS = 8;

/** A feed's first breath: it gets an epoch, and stands at 0. */
export function feedBegun(feed: FeedName) {
  const epoch = randomBytes(6).toString("hex");
  return { kind: "feed-begun", feed, epoch } as const satisfies DecisionEvent;
}
