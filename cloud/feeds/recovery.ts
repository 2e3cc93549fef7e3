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

/** Tells agents how they get to where their feeds stand. */
export class Recovery {
  readonly #index: FeedIndex;
  readonly #snapshots: Snapshots;
  readonly #clock: Clock;

  constructor(index: FeedIndex, snapshots: Snapshots, clock: Clock) {
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
    isStuck = false,
  ): FeedPlan | Promise<SnapshotEntry> {
    const standing = this.#index.standing(feed);
    if (standing === undefined) throw new Error(`${feed} was never begun`);
    const { epoch, offset } = standing;
    const ready = this.#worthHaving(standing);
    const route = isStuck
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
          : this.#snapshots.build(feed, this.#clock.now());
    }
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

  #worthHaving({ feed, epoch, offset }: FeedTip): SnapshotEntry | undefined {
    const newest = this.#snapshots
      .snapshots()
      .find((each) => each.feed === feed && each.epoch === epoch);
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

/** Time for a slow agent to fetch what is about to expire. */
const MARGIN_MS = 60 * 60 * 1000;

function snapshotPlan(entry: SnapshotEntry): FeedPlan {
  const { feed, epoch, offset, sha256, bytes } = entry;
  return { mode: "snapshot", feed, epoch, offset, sha256, bytes };
}
