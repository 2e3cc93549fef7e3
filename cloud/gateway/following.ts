import {
  isOfGroup,
  type FeedName,
  type Position,
} from "../../agent/model/position.js";
import type { FeedPlan } from "../../agent/protocol/messages.js";
import type { FromCloud } from "../../agent/protocol/wire.js";
import type { Link } from "./listen.js";
import type { GatewayPorts } from "./ports.js";
import type { SegmentFrame } from "./recent-frames.js";

/** What following its feeds asks of a session and of the cloud behind it. */
export interface FollowingPorts {
  /** For the log. */
  readonly agent: string;
  readonly link: Pick<Link, "write" | "buffered">;
  /** Whether it reads segments and snapshots whose bans have ring times. */
  readonly readsRings: boolean;
  readonly gateway: Pick<GatewayPorts, "plan" | "isAhead" | "log" | "clock">;
  /** Frames of every segment behind a position, as of this very turn. */
  framesAfter(position: Omit<Position, "hash">): readonly SegmentFrame[];
  say(message: FromCloud): void;
  /** What went wrong behind the agent's back. */
  fail(error: unknown): void;
}

/** Whether a feed's live segments reach the agent. */
type Flow =
  | { readonly at: "live" }
  /** It fetches over HTTP or was told to resync, and will resume. */
  | { readonly at: "away" }
  /** It reads too slowly; once it has read all, it is told to resync. */
  | { readonly at: "lagging" }
  /** It reads too slowly to be answered; it is once it has read all. */
  | { readonly at: "asked"; readonly position: Position | undefined }
  /** A snapshot is built for it; a plan follows. */
  | { readonly at: "building"; readonly position: Position | undefined };

/** One agent's feeds: how each gets to the present, and what is pushed then. */
export class Following {
  readonly #ports: FollowingPorts;
  readonly #flows: Map<FeedName, Flow>;
  /** Feeds that the agent cannot go on with by the segments it was sent. */
  readonly #stuck = new Set<FeedName>();
  /** Feeds of which was logged that the agent cannot read all bans. */
  readonly #unread = new Set<FeedName>();
  readonly #ended = new AbortController();

  constructor(feeds: readonly FeedName[], ports: FollowingPorts) {
    this.#ports = ports;
    this.#flows = new Map(feeds.map((feed) => [feed, { at: "away" }]));
  }

  has(feed: FeedName): boolean {
    return this.#flows.has(feed);
  }

  /** The usual ones, then those of groups in one order, whichever was asked for first. */
  get feeds(): readonly FeedName[] {
    const feeds = [...this.#flows.keys()];
    const usual = feeds.filter((feed) => !isOfGroup(feed));
    return [...usual, ...feeds.filter(isOfGroup).sort()];
  }

  /** One more, of which the agent asks its way. */
  add(feed: FeedName): void {
    this.#flows.set(feed, { at: "away" });
  }

  /** Nothing more of any other. */
  keepOnly(feeds: readonly FeedName[]): void {
    for (const feed of this.#flows.keys()) {
      if (!feeds.includes(feed)) this.#flows.delete(feed);
    }
  }

  /** Welcomes with the plans that are ready; the others follow by themselves. */
  begin(
    positions: readonly Position[],
    welcome: (plans: readonly FeedPlan[]) => void,
  ): void {
    const ready: { plan: FeedPlan; at: Position | undefined }[] = [];
    for (const feed of this.#flows.keys()) {
      const at = positions.find((each) => each.feed === feed);
      const plan = this.#plan(feed, at);
      if (plan instanceof Promise) this.#owe(plan, feed, at);
      else ready.push({ plan, at });
    }
    welcome(ready.map(({ plan }) => plan));
    for (const { plan, at } of ready) this.#follow(plan, at);
  }

  /** The agent asks its way; while a snapshot is built, its newest word counts. */
  resume(feed: FeedName, position: Position | undefined): void {
    const flow = this.#flows.get(feed);
    if (flow?.at === "building") {
      this.#flows.set(feed, { at: "building", position });
    } else if (this.#ports.link.buffered > MOST_BUFFERED) {
      this.#flows.set(feed, { at: "asked", position });
    } else {
      this.#answer(feed, position);
    }
  }

  /** It refuses a segment for good: only a snapshot leads past that. */
  stuck(feed: FeedName): void {
    if (this.has(feed)) this.#stuck.add(feed);
  }

  /** It does not read bans in rings, and the feed's next segment has some. */
  meetsRings(feed: FeedName): void {
    const { gateway, agent } = this.#ports;
    this.stuck(feed);
    if (this.#unread.has(feed)) return;
    this.#unread.add(feed);
    gateway.log.warn("agent cannot read bans in rings", { agent, feed });
  }

  /** Hands on a live segment's frame, unless this agent is not there for it. */
  push(feed: FeedName, frame: SegmentFrame): void {
    if (this.#flows.get(feed)?.at !== "live") return;
    if (this.#ports.link.buffered <= MOST_BUFFERED) this.#hand(feed, frame);
    else this.#flows.set(feed, { at: "lagging" });
  }

  /** What it could not read stays here, and so does all behind it. */
  #hand(feed: FeedName, { bytes, hasRings }: SegmentFrame): boolean {
    const { link, readsRings } = this.#ports;
    if (readsRings || !hasRings) {
      link.write(bytes);
      return true;
    }
    this.meetsRings(feed);
    this.#flows.set(feed, { at: "away" });
    return false;
  }

  /** The feed's history begins anew; a plan that is still owed will tell. */
  beginAnew(feed: FeedName): void {
    const flow = this.#flows.get(feed)?.at;
    if (flow === "live" || flow === "away" || flow === "lagging") {
      this.#resync(feed, "epoch");
    }
  }

  /** The agent has read all that was sent. */
  drained(): void {
    for (const [feed, flow] of this.#flows) {
      if (flow.at === "lagging") this.#resync(feed, "lag");
      if (flow.at === "asked") this.resume(feed, flow.position);
    }
  }

  end(): void {
    this.#flows.clear();
    this.#ended.abort();
  }

  #resync(feed: FeedName, reason: "lag" | "epoch"): void {
    this.#flows.set(feed, { at: "away" });
    this.#ports.say({ type: "resync", feed, reason });
  }

  #answer(feed: FeedName, position: Position | undefined): void {
    const plan = this.#plan(feed, position);
    if (plan instanceof Promise) {
      this.#owe(plan, feed, position);
      return;
    }
    this.#stuck.delete(feed);
    this.#ports.say({ type: "plan", plans: [plan] });
    this.#follow(plan, position);
  }

  #plan(feed: FeedName, at: Position | undefined): FeedPlan | Promise<unknown> {
    const { gateway, agent, readsRings } = this.#ports;
    if (at !== undefined && gateway.isAhead(at)) {
      const { epoch, offset } = at;
      const facts = { agent, feed, epoch, offset };
      gateway.log.error("agent stands ahead: this cloud lost history", facts);
    }
    const isStuck = this.#stuck.has(feed);
    const { signal } = this.#ended;
    return gateway.plan(feed, at, { isStuck, readsRings, signal });
  }

  #owe(
    built: Promise<unknown>,
    feed: FeedName,
    position: Position | undefined,
  ): void {
    this.#flows.set(feed, { at: "building", position });
    this.#await(built, feed).catch((error: unknown) => this.#ports.fail(error));
  }

  /** What was built may be old by then: the plan is made anew. */
  async #await(built: Promise<unknown>, feed: FeedName): Promise<void> {
    try {
      await built;
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      const { gateway, agent } = this.#ports;
      gateway.log.error("no snapshot for an agent", { agent, feed, error });
      if (!(await this.#paused())) return;
    }
    const flow = this.#flows.get(feed);
    if (flow?.at !== "building") return;
    this.#flows.set(feed, { at: "away" });
    this.resume(feed, flow.position);
  }

  /** Whether the session is still there after a while. */
  async #paused(): Promise<boolean> {
    const { signal } = this.#ended;
    const { clock } = this.#ports.gateway;
    await clock.sleep(BUILD_AGAIN_MS, signal).catch(() => undefined);
    return !signal.aborted;
  }

  /** Nothing awaits in here, so nothing is appended between tail and live. */
  #follow(
    { mode, feed, epoch }: FeedPlan,
    position: Position | undefined,
  ): void {
    this.#flows.set(feed, { at: mode === "tail" ? "live" : "away" });
    if (mode !== "tail") return;
    const offset = position?.offset ?? 0;
    for (const frame of this.#ports.framesAfter({ feed, epoch, offset })) {
      if (!this.#hand(feed, frame)) return;
    }
  }
}

/** Of what is pushed; a slower agent fetches the rest. */
export const MOST_BUFFERED = 1024 * 1024;

/** A full disk is not helped by trying for every agent all the time. */
const BUILD_AGAIN_MS = 2_000;
