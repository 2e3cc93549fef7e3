import type { AgentEvents } from "../events/events.js";
import { hashToHex, type FeedName, type Position } from "../model/position.js";
import type { Head } from "../protocol/documents.js";
import type { BanClock, UnixMs } from "../runtime/clock.js";
import { judgeHead, type HeadVerdict } from "../trust/freshness.js";

export interface HeadMonitorPorts {
  readonly clock: Pick<BanClock, "now" | "monotonic">;
  /** Milliseconds without a fresh head, or behind one, that are an alarm. */
  readonly staleAfterMs: number;
  readonly events: Pick<AgentEvents, "contradicted">;
}

/** Where a feed was seen to stand. */
export interface Sight {
  readonly epoch: string;
  readonly offset: number;
  /** In hex. */
  readonly hash: string;
}

/** What is known of a followed feed, for who asks. */
export interface FeedSight {
  readonly feed: FeedName;
  readonly head: Head | undefined;
  /** What was seen since the start, as heads and as segments, oldest first. */
  readonly seen: readonly Sight[];
}

interface Watched {
  head: Head | undefined;
  /** By the clock that never jumps. */
  freshAt: number;
  /** Since when the host is not where the newest head says. */
  behindSince: number | undefined;
  contradiction: { readonly at: number; readonly what: string } | undefined;
  /** Why the last head was not believed; "" once one was. */
  passedOver: string;
  seen: readonly Sight[];
}

/**
 * Watches whether the cloud's word on its feeds is fresh, and the same as before, by
 * PROTOCOL.md, What a head is held against (trust/freshness.ts). Its steps 1 and 2
 * pass a head over, 3 raises the alarm, 4 makes it the newest.
 */
export class HeadMonitor {
  readonly #ports: HeadMonitorPorts;
  readonly #feeds = new Map<FeedName, Watched>();

  constructor(ports: HeadMonitorPorts) {
    this.#ports = ports;
  }

  /** Watches these from now on, and no others; none until it is told. */
  follow(feeds: readonly FeedName[]): void {
    const freshAt = this.#ports.clock.monotonic();
    for (const feed of this.#feeds.keys()) {
      if (!feeds.includes(feed)) this.#feeds.delete(feed);
    }
    for (const feed of feeds) {
      if (this.#feeds.has(feed)) continue;
      this.#feeds.set(feed, {
        ...{ head: undefined, freshAt, behindSince: undefined },
        ...{ contradiction: undefined, passedOver: "", seen: [] },
      });
    }
  }

  /** The newest head of a feed that was believed. */
  head(feed: FeedName): Head | undefined {
    return this.#feeds.get(feed)?.head;
  }

  /**
   * Hears a head that a head key signed.
   * @param own where this host stands, while segments come as they are made
   */
  hear(
    head: Head,
    own: Position | undefined,
  ): HeadVerdict["is"] | "unfollowed" {
    const watched = this.#feeds.get(head.feed);
    if (watched === undefined) return "unfollowed";
    const { clock, staleAfterMs } = this.#ports;
    const now = clock.now();
    const around = { known: watched.head, own, now, staleAfterMs };
    const verdict = judgeHead(head, around);
    switch (verdict.is) {
      case "fresh":
      case "late":
        this.#believe(watched, head, now);
        break;
      case "early":
        watched.passedOver = `the last one was dated ${ago(head.time - now)} ahead of this host's clock`;
        break;
      case "replayed":
        watched.passedOver = "the last one was an older one";
        break;
      case "contradiction":
        this.#contradict(head, watched, verdict.what);
    }
    return verdict.is;
  }

  /** Whether this host stands where the newest head says, as of now. */
  level(feed: FeedName, isLevel: boolean): void {
    const watched = this.#feeds.get(feed);
    if (watched === undefined) return;
    if (isLevel) watched.behindSince = undefined;
    else watched.behindSince ??= this.#ports.clock.monotonic();
  }

  /** This host took in all up to the position. */
  took({ feed, epoch, offset, hash }: Position): void {
    const watched = this.#feeds.get(feed);
    if (watched === undefined) return;
    see(watched, { epoch, offset, hash: hashToHex(hash) });
  }

  /** The date of the newest head of any feed, by the clock that never jumps. */
  get freshAt(): number {
    return Math.max(...[...this.#feeds.values()].map((each) => each.freshAt));
  }

  sights(): readonly FeedSight[] {
    return [...this.#feeds].map(([feed, { head, seen }]) => ({
      ...{ feed, head, seen },
    }));
  }

  /** Which feeds have had no fresh word for too long; undefined when none. */
  get stale(): string | undefined {
    const now = this.#ports.clock.monotonic();
    const most = this.#ports.staleAfterMs;
    const found = [...this.#feeds].flatMap(([feed, watched]) => {
      const { freshAt, behindSince, head, passedOver } = watched;
      if (now - freshAt > most) {
        const why = passedOver === "" ? "" : `, ${passedOver}`;
        return `${feed} had no fresh head for ${ago(now - freshAt)}${why}`;
      }
      if (behindSince === undefined || now - behindSince <= most) return [];
      return `${feed} is said to be at ${head?.offset ?? 0}, which was not delivered for ${ago(now - behindSince)}`;
    });
    return found.length === 0 ? undefined : found.join("; ");
  }

  /** In which feeds the cloud contradicted itself lately; undefined: in none. */
  get forked(): string | undefined {
    const oldest = this.#ports.clock.monotonic() - this.#ports.staleAfterMs;
    const found = [...this.#feeds].flatMap(([feed, { contradiction }]) =>
      contradiction !== undefined && contradiction.at >= oldest
        ? `${feed}: ${contradiction.what}`
        : [],
    );
    return found.length === 0 ? undefined : found.join("; ");
  }

  /**
   * A head is as fresh as its date says. To hear the same one again does not make it
   * fresher, so that whoever holds newer heads back cannot hide it by redelivery.
   */
  #believe(watched: Watched, head: Head, now: UnixMs): void {
    const dated = this.#ports.clock.monotonic() - Math.max(0, now - head.time);
    watched.freshAt = Math.max(watched.freshAt, dated);
    watched.passedOver = "";
    watched.head = head;
    see(watched, head);
  }

  /** Equivocation: the alarm is raised, and the head known so far stays the newest. */
  #contradict({ feed }: Head, watched: Watched, what: string): void {
    watched.contradiction = { at: this.#ports.clock.monotonic(), what };
    watched.passedOver = "the last one contradicts what was signed before";
    this.#ports.events.contradicted(feed, what);
  }
}

function see(watched: Watched, { epoch, offset, hash }: Sight): void {
  const last = watched.seen.at(-1);
  if (last?.hash === hash && last.epoch === epoch) return;
  const seen = [...watched.seen, { epoch, offset, hash }];
  watched.seen = seen.slice(-MOST_SEEN);
}

/** Of each feed: enough that two hosts that are a little apart have some in common. */
const MOST_SEEN = 256;

const ago = (ms: number): string => `${Math.round(ms / 1000)} s`;
