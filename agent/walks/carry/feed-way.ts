import {
  hashFromHex,
  hashToHex,
  samePosition,
  type DatedPosition,
  type FeedName,
  type Position,
} from "../../model/position.js";
import type { Head } from "../../protocol/documents.js";
import { Refused } from "../../protocol/refusals.js";
import type { Segment } from "../../protocol/segment.js";
import type { Snapshot } from "../../protocol/snapshot.js";
import {
  positionAfter,
  positionOf,
  verifySegment,
  verifySnapshot,
  type Expectation,
  type VerifiedSegment,
  type VerifiedSnapshot,
} from "../../trust/verify.js";

/** Where a part of a bundle lies. */
export interface PartPlace {
  readonly number: number;
  readonly kind: "snapshot" | "segment";
  readonly at: number;
  readonly bytes: number;
}

/** Whether a bundle moves the host on in a feed. */
export type Standing = "moves" | "level" | "past";

/** What of a feed's parts the host is to take, and where that leads. */
export interface FeedPlan {
  readonly feed: FeedName;
  readonly before: Position | undefined;
  readonly after: Position | undefined;
  readonly standing: Standing;
  readonly parts: readonly PartPlace[];
}

/**
 * One feed's way through a bundle, walked on paper: each part is held to all that
 * it would be held to from the wire (trust/verify.ts), and to the part before it.
 */
export class FeedWay {
  readonly feed: FeedName;
  readonly #before: DatedPosition | undefined;
  /** Where the host would stand by now. */
  #host: DatedPosition | undefined;
  /** Where the bundle's own parts lead; undefined before the first. */
  #led: DatedPosition | undefined;
  readonly #parts: PartPlace[] = [];

  constructor(feed: FeedName, host: DatedPosition | undefined) {
    this.feed = feed;
    this.#before = host;
    this.#host = host;
  }

  /**
   * A whole state, which only stands first. Undefined where the host is past it.
   * @throws Refused
   */
  snapshot(
    snapshot: Snapshot,
    place: PartPlace,
    expect: Expectation,
  ): VerifiedSnapshot | undefined {
    if (this.#led !== undefined) {
      throw new Refused("gap", "it stands behind other parts of its feed");
    }
    const origin = verifySnapshot(snapshot, undefined, expect);
    this.#led = positionOf(origin);
    const host = this.#host;
    const isPast =
      host?.epoch === this.#led.epoch &&
      (host.offset > this.#led.offset || samePosition(host, this.#led));
    if (isPast) return undefined;
    this.#forked(this.#led);
    const verified = verifySnapshot(snapshot, host, expect);
    this.#host = positionOf(verified);
    this.#parts.push(place);
    return verified;
  }

  /** Undefined where the host is past it. @throws Refused */
  segment(
    segment: Segment,
    place: PartPlace,
    expect: Expectation,
  ): VerifiedSegment | undefined {
    const origin = verifySegment(
      segment,
      this.#led ?? justBefore(segment),
      expect,
    );
    this.#led = positionAfter(origin);
    const host = this.#host;
    const isPast =
      host?.epoch === this.#led.epoch && host.offset >= this.#led.offset;
    if (isPast) {
      this.#forked(this.#led);
      return undefined;
    }
    const verified = verifySegment(segment, host, expect);
    this.#host = positionAfter(verified);
    this.#parts.push(place);
    return verified;
  }

  /**
   * The feed's head says where the parts must lead to: nothing may be missing at
   * their end either.
   * @throws Refused
   */
  end(head: Head): FeedPlan {
    const led = this.#led;
    const { epoch, offset } = head;
    if (led !== undefined && !isAt(led, head)) {
      const where = `${led.epoch}/${led.offset}`;
      const why = `its parts end at ${where}, and its head says ${epoch}/${offset}`;
      const isSamePlace = led.epoch === epoch && led.offset === offset;
      throw new Refused(isSamePlace ? "forked" : "gap", why);
    }
    this.#forked({ ...head, hash: hashFromHex(head.hash) });
    const host = this.#host;
    const isThere =
      offset === 0 || (host?.epoch === epoch && host.offset >= offset);
    if (!isThere) {
      const own = host ? `${host.epoch}/${host.offset}` : "the beginning";
      const why = `this host is at ${own}, the head at ${epoch}/${offset}, and nothing leads there`;
      throw new Refused("gap", why);
    }
    const { feed } = this;
    const parts = this.#parts;
    return {
      ...{ feed, before: this.#before, after: host, parts },
      standing: this.#standing(head),
    };
  }

  #standing({ epoch, offset }: Head): Standing {
    if (this.#parts.length > 0) return "moves";
    const host = this.#before;
    return host?.epoch === epoch && host.offset > offset ? "past" : "level";
  }

  /** @throws Refused where the host took in something else at this very place */
  #forked(at: Pick<Position, "epoch" | "offset" | "hash">): void {
    const own = this.#before;
    if (own?.epoch !== at.epoch || own.offset !== at.offset) return;
    const [here, there] = [own.hash, at.hash].map(hashToHex);
    if (here === there) return;
    throw new Refused(
      "forked",
      `at ${at.epoch}/${at.offset} this host took in ${here}, and the bundle has ${there}`,
    );
  }
}

/** A bundle that goes on from some host's position begins there. */
function justBefore({ header }: Segment): Position {
  const { feed, epoch, first, previous } = header;
  return { feed, epoch, offset: first - 1, hash: hashFromHex(previous) };
}

const isAt = (at: Position, head: Head): boolean =>
  at.epoch === head.epoch &&
  at.offset === head.offset &&
  hashToHex(at.hash) === head.hash;
