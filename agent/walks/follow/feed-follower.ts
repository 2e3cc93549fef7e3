import { needsReopening } from "../../ledger/damage.js";
import type { FeedName } from "../../model/position.js";
import type { Head } from "../../protocol/documents.js";
import type { FeedPlan } from "../../protocol/messages.js";
import { openSegments } from "../../protocol/segment.js";
import { retryDelayMs } from "../../uplink/retry-delay.js";
import type { Session } from "../../uplink/uplink.js";
import {
  adopt,
  carryOut,
  type Delivery,
  type Enforced,
  type Outcome,
  type Refusal,
} from "../ban/ban-walk.js";
import { wirePosition } from "../ban/receipts.js";
import { AWAITING, type FeedState } from "./feed-state.js";
import type { FollowPorts } from "./follow-ports.js";

/** The connection that a feed is followed on, as far as the feed needs it. */
export interface FollowedLink {
  readonly session: Session;
  /** Runs it after what was begun for this feed before, on whatever connection. */
  inBackground(feed: FeedName, work: () => Promise<void>): void;
  /** This is in force now. */
  answer(outcome: Enforced): void;
  report(refusal: Refusal): void;
  /** Less of this feed has arrived here than the cloud has. */
  fellBehind(feed: FeedName): void;
  /** The feed may stand where the cloud does, or patience with it may be over. */
  noteCaughtUp(): void;
}

/** How one feed stands on one connection; a new connection starts afresh. */
export class FeedFollower {
  readonly #feed: FeedName;
  readonly #link: FollowedLink;
  readonly #ports: FollowPorts;
  #state: FeedState = AWAITING;
  /** Refusals and failed fetches in a row. */
  #failures = 0;
  /** Whether a head of it was heard on this connection. */
  #headed = false;

  constructor(feed: FeedName, link: FollowedLink, ports: FollowPorts) {
    this.#feed = feed;
    this.#link = link;
    this.#ports = ports;
  }

  /** Whether its segments are expected as they are made. */
  get isLive(): boolean {
    return this.#state.at === "live";
  }

  /** Whether it stands where the cloud does, by what was heard of it here. */
  get isLevel(): boolean {
    const head = this.#ports.watch.head(this.#feed);
    return head !== undefined && this.#headed && this.#isLevelWith(head);
  }

  /** A plan that was not asked for is passed over: what is under way goes on. */
  follow(plan: FeedPlan): void {
    if (this.#state.at !== "awaiting") return;
    if (plan.mode === "tail") this.#state = { at: "live" };
    else this.#inBackground(() => this.#catchUp(plan));
  }

  /** Asks the cloud how to go on from here. */
  resume(): void {
    this.#inBackground(() => this.#askForPlan());
  }

  /** What is in force has moved it on, so its failures are forgotten. */
  movedOn(): void {
    this.#failures = 0;
  }

  /**
   * A head beyond our position means a lost segment on a feed that is live, and
   * a lost question on one whose plan is overdue.
   */
  hear(head: Head): void {
    const state = this.#state;
    if (!this.#isNews(head)) return;
    this.#headed = true;
    const isLevel = this.#isLevelWith(head);
    this.#ports.watch.level(this.#feed, isLevel);
    this.#link.noteCaughtUp();
    if (isLevel || state.at === "busy") return;
    if (state.at === "awaiting" && !state.overdue) {
      this.#state = { at: "awaiting", overdue: true };
      return;
    }
    const offset = this.#ports.position(this.#feed)?.offset ?? 0;
    this.#ports.events.behind(head, offset);
    this.#link.fellBehind(this.#feed);
    this.resume();
  }

  /** Fetches what the cloud does not push, then asks to go on from there. */
  async #catchUp(plan: Plan<"segments" | "snapshot">): Promise<void> {
    const { events } = this.#ports;
    events.catchingUp(this.#feed, plan.mode);
    try {
      if (plan.mode === "segments") await this.#takeSegments(plan);
      else await this.#takeSnapshot(plan);
    } catch (error) {
      if (needsReopening(error) || this.#link.session.ended.aborted) {
        throw error;
      }
      events.catchUpFailed(this.#feed, error);
      this.#failures++;
    }
    await this.#askForPlan();
  }

  async #takeSegments({ feed, epoch, ...plan }: Plan<"segments">) {
    let from = plan.from;
    while (from <= plan.to) {
      const at = { feed, epoch, from };
      const answer = await this.#ports.fetchSegments(this.#link.session, at);
      if (answer.length === 0) throw new Error("the cloud sent no segments");
      for (const { segment, bytes } of openSegments(answer)) {
        const outcome = await carryOut(this.#arrived(bytes), this.#ports.step);
        this.#settle(outcome);
        if (!isRecorded(outcome)) return;
        from = segment.header.last + 1;
      }
    }
  }

  async #takeSnapshot(plan: Plan<"snapshot">): Promise<void> {
    const bytes = await this.#ports.fetchSnapshot(this.#link.session, plan);
    this.#settle(await adopt(this.#arrived(bytes), this.#ports.step));
  }

  #settle(outcome: Outcome): void {
    if (outcome.kind === "enforced") return this.#link.answer(outcome);
    this.#link.report(outcome);
    if (isRecorded(outcome)) this.#link.noteCaughtUp();
    else this.#failures++;
  }

  /** Whether there is anything in the head to go by. */
  #isNews(head: Head): boolean {
    const { watch, dated } = this.#ports;
    if (head.time >= (watch.head(this.#feed)?.time ?? 0)) dated(head.time);
    // While a feed is fetched, its position is not as old as what is said.
    const own = this.isLive ? this.#ports.position(this.#feed) : undefined;
    const verdict = watch.hear(head, own);
    return verdict === "fresh" || verdict === "late";
  }

  #isLevelWith(head: Head): boolean {
    if (head.offset === 0) return true;
    const at = this.#ports.position(this.#feed);
    return at?.epoch === head.epoch && at.offset >= head.offset;
  }

  /** The first time at once, then later each time it failed again. */
  async #askForPlan(): Promise<void> {
    const { session } = this.#link;
    if (this.#failures > 0) {
      const { clock, random } = this.#ports;
      const delayMs = retryDelayMs({ kind: "backoff" }, this.#failures, random);
      await clock.sleep(delayMs, session.ended);
    }
    this.#failures++;
    const at = this.#ports.position(this.#feed);
    const position = at && { position: wirePosition(at) };
    this.#state = AWAITING;
    session.send({ type: "resume", feed: this.#feed, ...position });
  }

  #inBackground(work: () => Promise<void>): void {
    this.#state = { at: "busy" };
    this.#link.inBackground(this.#feed, work);
  }

  #arrived(bytes: Uint8Array): Delivery {
    const { clock } = this.#ports;
    return {
      bytes,
      receivedAt: clock.now(),
      arrivedAt: clock.monotonic(),
    };
  }
}

/** Whether the ledger has it: converging goes on by itself then. */
export const isRecorded = (outcome: Outcome): boolean =>
  outcome.kind === "enforced" || outcome.code === "not-enforced";

type Plan<Mode extends FeedPlan["mode"]> = FeedPlan & { readonly mode: Mode };
