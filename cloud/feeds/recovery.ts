import type { FeedName, Position } from "../../agent/model/position.js";
import type { FeedPlan } from "../../agent/protocol/messages.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { GOOD_FOR_MS } from "./chain.js";
import type { FeedIndex, FeedTip } from "./feed-index.js";
import { pastNext, routeFor, type FeedFacts, type Gap } from "./plan.js";
import type { SnapshotEntry } from "./snapshots/snapshot-cache.js";

/** What recovery needs of the thread that keeps the bans. */
export interface Snapshots {
  snapshots(): readonly SnapshotEntry[];
  build(feed: FeedName, now: number): Promise<SnapshotEntry>;
}

/** What an agent's way depends on beside its position. */
export interface WayAsked {
  /** It cannot take in the segment behind its position. */
  readonly isStuck: boolean;
  /** Whether it reads snapshots whose bans have ring times. */
  readonly readsRings: boolean;
  /** Aborts once nobody waits for its plan any more. */
  readonly signal?: AbortSignal;
}

const READS_ALL: WayAsked = { isStuck: false, readsRings: true };

type Index = Pick<FeedIndex, "standing" | "segmentAfter" | "segmentEndingAt">;

/** Tells agents how they get to where their feeds stand. */
export class Recovery {
  readonly #index: Index;
  readonly #snapshots: Snapshots;
  readonly #clock: Clock;

  constructor(index: Index, snapshots: Snapshots, clock: Clock) {
    this.#index = index;
    this.#snapshots = snapshots;
    this.#clock = clock;
  }

  /** Whether an agent stands where the feed, in the same epoch, has never been. */
  isAhead({ feed, epoch, offset }: Position): boolean {
    const standing = this.#index.standing(feed);
    return standing?.epoch === epoch && standing.offset < offset;
  }

  /** The plan; while a snapshot has to be built for it, that. */
  plan(
    feed: FeedName,
    at: Position | undefined,
    asked: WayAsked = READS_ALL,
  ): FeedPlan | Promise<SnapshotEntry> {
    const standing = this.#index.standing(feed);
    if (standing === undefined) throw new Error(`${feed} was never begun`);
    const { epoch, offset } = standing;
    const ready = this.#worthHaving(standing, asked);
    const route = asked.isStuck
      ? pastNext(at, standing)
      : routeFor(at, this.#facts(standing, at, ready));
    switch (route.kind) {
      case "tail":
        return { mode: "tail", feed, epoch };
      case "segments":
        return { mode: "segments", feed, epoch, from: route.from, to: offset };
      case "snapshot":
        return ready !== undefined && ready.offset >= route.atLeast
          ? snapshotPlan(ready)
          : this.#anew(standing, asked);
    }
  }

  /**
   * Whoever reads no ring times waits until all of them have come: a snapshot a
   * minute looks for that, however many wait.
   */
  async #anew(
    { feed, epoch }: FeedTip,
    { readsRings, signal }: WayAsked,
  ): Promise<SnapshotEntry> {
    const newest = this.#snapshots
      .snapshots()
      .find((each) => each.feed === feed && each.epoch === epoch);
    if (!readsRings && newest?.version === 2) {
      const age = this.#clock.now() - newest.issuedAt;
      const waitMs = Math.min(LOOK_AGAIN_MS, LOOK_AGAIN_MS - age);
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    }
    return this.#snapshots.build(feed, this.#clock.now());
  }

  #facts(
    standing: FeedTip,
    at: Position | undefined,
    snapshot: SnapshotEntry | undefined,
  ): FeedFacts {
    const { epoch, offset, logBytes } = standing;
    return { epoch, offset, logBytes, snapshot, gap: this.#gap(standing, at) };
  }

  /** Undefined when the agent's history is not this feed's. */
  #gap(standing: FeedTip, at: Position | undefined): Gap | undefined {
    const { feed, epoch, offset, logBytes } = standing;
    const from = at?.offset ?? 0;
    if (at !== undefined && at.epoch !== epoch) return undefined;
    const known = this.#bytesUpTo(feed, epoch, at);
    if (known === undefined) return undefined;
    const next = this.#index.segmentAfter(feed, epoch, from);
    const good =
      next === undefined || next.notAfter > this.#clock.now() + MARGIN_MS;
    return { ops: offset - from, bytes: logBytes - known, good };
  }

  #bytesUpTo(
    feed: FeedName,
    epoch: string,
    at: Position | undefined,
  ): number | undefined {
    if (at === undefined || at.offset === 0) return 0;
    const segment = this.#index.segmentEndingAt(feed, epoch, at.offset);
    const same = segment && Buffer.compare(segment.hash, at.hash) === 0;
    return same ? segment.logBytes : undefined;
  }

  #worthHaving(
    { feed, epoch, offset }: FeedTip,
    { readsRings }: WayAsked,
  ): SnapshotEntry | undefined {
    const newest = this.#snapshots
      .snapshots()
      .find(
        (each) =>
          each.feed === feed &&
          each.epoch === epoch &&
          (readsRings || each.version === 1),
      );
    if (newest === undefined) return undefined;
    const age = this.#clock.now() - newest.issuedAt;
    const behind = offset - newest.offset;
    const most = Math.max(STALE_OPS, STALE_SHARE * newest.bans);
    const fresh = behind <= most && age < GOOD_FOR_MS - MARGIN_MS;
    return fresh ? newest : undefined;
  }
}

/** A snapshot this far behind still saves more than building a new one. */
const STALE_OPS = 10_000;
const STALE_SHARE = 0.05;

/** Nobody who waits for rings is late by more. */
const LOOK_AGAIN_MS = 60_000;

/** Time for a slow agent to fetch what is about to expire. */
const MARGIN_MS = 60 * 60 * 1000;

function snapshotPlan(entry: SnapshotEntry): FeedPlan {
  const { feed, epoch, offset, sha256, bytes } = entry;
  return { mode: "snapshot", feed, epoch, offset, sha256, bytes };
}
