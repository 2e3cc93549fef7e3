import { statSync } from "node:fs";
import type { Logger } from "../../../agent/log/logger.js";
import type { Op } from "../../../agent/model/ban.js";
import {
  covers,
  formatCidr,
  type Cidr,
  type Family,
} from "../../../agent/model/cidr.js";
import type { FeedName, Position } from "../../../agent/model/position.js";
import { openSegment, readOps } from "../../../agent/protocol/segment.js";
import { unixSeconds, type Clock } from "../../../agent/runtime/clock.js";
import { openDatabase, type Database } from "../../journal/database.js";
import type { SegmentSealed } from "../../journal/decision-events.js";
import {
  BanLookup,
  around,
  type FoldedTo,
  type FeedRef,
  type StandingBan,
} from "./ban-lookup.js";
import { ListNames, type NamedBy } from "./list-names.js";

export interface PresentPorts {
  /** The file that the state's thread keeps. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where feeds stand by the journal. */
  standings(): readonly Pick<Position, "feed" | "epoch" | "offset">[];
  segmentsAfter(
    at: Omit<Position, "hash">,
    mostBytes: number,
  ): readonly SegmentSealed[];
  /** Resolves once the thread has folded all that the journal holds now. */
  caughtUp(): Promise<void>;
}

/**
 * What feeds ban at this very moment: the table that the state's thread keeps,
 * and over it what the journal has beyond it. So an urgent order looks for itself
 * and waits for no list that the thread is taking in, nor for a snapshot.
 */
export class Present implements Disposable {
  readonly #ports: PresentPorts;
  readonly #tails = new Map<FeedName, LongTail>();
  #opened: Opened | undefined;

  constructor(ports: PresentPorts) {
    this.#ports = ports;
  }

  /**
   * The bans of these feeds, or of all. Undefined where they can't be told: the
   * orders of people must go on while the thread that keeps the bans is down.
   */
  async look(feeds?: readonly FeedName[]): Promise<Look | undefined> {
    try {
      if (!this.#isNear(feeds)) await this.#patiently();
      return this.#isNear(feeds) ? this.#looked(feeds) : undefined;
    } catch (error) {
      this.#ports.log.warn("what is banned cannot be told", { error });
      return undefined;
    }
  }

  /** The lists that name a range, as far as the thread has folded them. */
  naming(range: Cidr, feeds: readonly FeedName[] | undefined): NamedBy {
    const now = unixSeconds(this.#ports.clock.now());
    return this.#open().names.naming(range, feeds, now);
  }

  [Symbol.dispose](): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  /** Whether what the thread has not folded yet is little. */
  #isNear(feeds: readonly FeedName[] | undefined): boolean {
    const folded = this.#lookup().feeds();
    return this.#asked(feeds).every(({ feed, epoch, offset }) => {
      const at = folded.get(feed);
      if (at === undefined) return offset <= MOST_TAIL_OPS;
      const since = at.epoch === epoch ? at.offset : 0;
      return offset - since <= MOST_TAIL_OPS;
    });
  }

  async #patiently(): Promise<void> {
    const { clock } = this.#ports;
    const enough = new AbortController();
    const tooLong = clock.sleep(PATIENCE_MS, enough.signal);
    await Promise.race([this.#ports.caughtUp(), tooLong]);
    enough.abort();
    await tooLong.catch(() => undefined);
  }

  #looked(feeds: readonly FeedName[] | undefined): Look {
    const lookup = this.#lookup();
    const folded = lookup.feeds();
    const now = unixSeconds(this.#ports.clock.now());
    const views = this.#asked(feeds).map(({ feed, epoch }) => {
      const at = folded.get(feed);
      const isSame = at?.epoch === epoch;
      const tail = this.#tail(feed, epoch, isSame ? at.offset : 0);
      // Of an epoch that is over, nothing counts any more.
      return { feed, id: isSame ? at.id : NO_FEED, tail };
    });
    return new Look(lookup, views, now);
  }

  #asked(feeds: readonly FeedName[] | undefined) {
    const all = this.#ports.standings();
    return feeds ? all.filter(({ feed }) => feeds.includes(feed)) : all;
  }

  /**
   * What became of ranges behind the offset. Each segment is read once, not for
   * each order: the tail that an order was looked up in grows on with the next,
   * and what the thread has folded meanwhile may stand in both places.
   */
  #tail(feed: FeedName, epoch: string, offset: FoldedTo["offset"]): Tail {
    const known = this.#tails.get(feed);
    const tail: LongTail =
      known !== undefined && goesOn(known, epoch, offset)
        ? known
        : { epoch, from: offset, to: offset, ops: new Map() };
    this.#keep(feed, tail);
    const at = { feed, epoch, offset: tail.to };
    for (const segment of this.#ports.segmentsAfter(at, Infinity)) {
      for (const op of readOps(openSegment(segment.bytes))) {
        tail.ops.set(formatCidr(op.cidr), standing(op, segment));
      }
      tail.to = segment.last;
    }
    return tail.ops;
  }

  /** As the latest; that of the feed that was asked for longest ago goes. */
  #keep(feed: FeedName, tail: LongTail): void {
    this.#tails.delete(feed);
    this.#tails.set(feed, tail);
    const [oldest] = this.#tails.keys();
    if (this.#tails.size > MOST_TAILS && oldest !== undefined) {
      this.#tails.delete(oldest);
    }
  }

  #lookup(): BanLookup {
    return this.#open().lookup;
  }

  /** A file that was damaged is replaced by another one. */
  #open(): Opened {
    const { path } = this.#ports;
    const { ino } = statSync(path);
    if (this.#opened?.ino === ino) return this.#opened;
    this[Symbol.dispose]();
    const database = openDatabase(path, "read-only");
    const lookup = new BanLookup(database);
    const names = new ListNames(database);
    this.#opened = { database, ino, lookup, names };
    return this.#opened;
  }
}

/** The bans of some feeds, as they stood when it was asked for. */
export class Look {
  readonly #lookup: BanLookup;
  readonly #views: ReadonlyMap<FeedName, FeedView>;
  readonly #widths = new Map<string, ReadonlySet<number>>();

  constructor(
    lookup: BanLookup,
    views: readonly FeedView[],
    /** Unix seconds. */
    readonly now: number,
  ) {
    this.#lookup = lookup;
    this.#views = new Map(views.map((view) => [view.feed, view]));
  }

  get feeds(): readonly FeedName[] {
    return [...this.#views.keys()];
  }

  /** The feed's ban on exactly this range. */
  exact(feed: FeedName, cidr: Cidr): StandingBan | undefined {
    const view = this.#views.get(feed);
    if (view === undefined) return undefined;
    // A list of a million goes into an empty feed without a million looks.
    if (!this.#widthsOf(feed, cidr.family).has(cidr.prefix)) return undefined;
    const late =
      view.tail.size > 0 ? view.tail.get(formatCidr(cidr)) : undefined;
    if (late === undefined) return this.#lookup.exact(view, cidr, this.now);
    return late && late.expiresAt > this.now ? late : undefined;
  }

  /** The feed's bans that hold the range, itself included; the widest first. */
  around(feed: FeedName, cidr: Cidr): readonly StandingBan[] {
    const widths = this.#widthsOf(feed, cidr.family);
    return around(cidr, widths).flatMap((each) => this.exact(feed, each) ?? []);
  }

  /** Whether any of the feed's bans holds the range. */
  holds(feed: FeedName, cidr: Cidr): boolean {
    const widths = this.#widthsOf(feed, cidr.family);
    if (widths.size === 0) return false;
    return around(cidr, widths).some((each) => this.exact(feed, each));
  }

  /** The feed's bans on the range and in it. */
  *within(feed: FeedName, cidr: Cidr): Generator<StandingBan> {
    const view = this.#views.get(feed);
    if (view === undefined) return;
    for (const ban of this.#lookup.within(view, cidr, this.now)) {
      if (!view.tail.has(formatCidr(ban.cidr))) yield ban;
    }
    yield* this.#lateWithin(view, cidr);
  }

  /** How many that are; stops to count at `most`. */
  count(feed: FeedName, cidr: Cidr, most: number): number {
    let found = 0;
    for (const _ of this.within(feed, cidr)) if (++found >= most) break;
    return found;
  }

  *#lateWithin(view: FeedView, cidr: Cidr): Generator<StandingBan> {
    for (const ban of view.tail.values()) {
      if (ban === null || ban.expiresAt <= this.now) continue;
      if (covers(cidr, ban.cidr)) yield ban;
    }
  }

  #widthsOf(feed: FeedName, family: Family): ReadonlySet<number> {
    const key = `${feed} ${family}`;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    const view = this.#views.get(feed);
    if (view === undefined) return new Set();
    const late = [...view.tail.values()]
      .filter((ban) => ban?.cidr.family === family)
      .map((ban) => ban?.cidr.prefix ?? 0);
    const widths = new Set([...this.#lookup.widths(view.id, family), ...late]);
    this.#widths.set(key, widths);
    return widths;
  }
}

interface Opened {
  readonly database: Database;
  readonly ino: number;
  readonly lookup: BanLookup;
  readonly names: ListNames;
}

/** What became of ranges, by their text; null of those that were lifted. */
type Tail = ReadonlyMap<string, StandingBan | null>;

/** A tail that is read on where it ended, and what it is the tail of. */
interface LongTail {
  readonly epoch: string;
  /** The first of its ops comes after this one. */
  readonly from: number;
  /** The last op that is in it. */
  to: number;
  readonly ops: Map<string, StandingBan | null>;
}

interface FeedView extends FeedRef {
  readonly tail: Tail;
}

/** No feed of the tables has it: they count from 1. */
const NO_FEED = 0;

/** Ops that are looked through in some 10 ms. */
const MOST_TAIL_OPS = 10_000;

/** Of what the thread has folded, a tail keeps no more than so many ops. */
const MOST_KEPT_OPS = 1_000;

/** Feeds whose tails are kept, each of `MOST_TAIL_OPS` at most: some 25 MB. */
const MOST_TAILS = 8;

/** Whether a tail may be read on, rather than begun anew where the table ends. */
const goesOn = (tail: LongTail, epoch: string, folded: number): boolean => {
  if (tail.epoch !== epoch || tail.from > folded) return false;
  const isFoldedWhole = tail.to <= folded && tail.from < folded;
  return (
    !isFoldedWhole && (tail.ops.size <= MOST_KEPT_OPS || tail.from === folded)
  );
};

/** An order waits no longer for the thread to take in a list of its own feed. */
const PATIENCE_MS = 5_000;

const standing = (
  op: Op,
  { feed, decision }: SegmentSealed,
): StandingBan | null => {
  if (op.op === "lift") return null;
  const { op: _, ...ban } = op;
  return { ...ban, feed, decision };
};
