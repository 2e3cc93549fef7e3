import { needsReopening, type LedgerDamage } from "../../ledger/damage.js";
import { printable } from "../../log/printable.js";
import { isOfGroup, type FeedName } from "../../model/position.js";
import { POLICY } from "../../protocol/capabilities.js";
import type { Head } from "../../protocol/documents.js";
import type { FeedPlan } from "../../protocol/messages.js";
import { mayResume } from "../../protocol/refusals.js";
import type { FromCloud } from "../../protocol/wire.js";
import { MINUTE_MS, Rate } from "../../uplink/rate.js";
import type { Session, UplinkItem } from "../../uplink/uplink.js";
import {
  carryOut,
  type Delivery,
  type Enforced,
  type Refusal,
} from "../ban/ban-walk.js";
import {
  FeedFollower,
  isRecorded,
  type FollowedLink,
} from "./feed-follower.js";
import type { FollowPorts } from "./follow-ports.js";
import { StandingWord } from "./standing-word.js";

/**
 * Takes in what the cloud says until the stream ends, and all that it began.
 * @throws LedgerDamage that only a ledger opened anew can heal
 */
export async function follow(
  items: AsyncIterable<UplinkItem>,
  ports: FollowPorts,
): Promise<void> {
  let link: Link | undefined;
  const background = new Background(ports);
  try {
    for await (const item of items) {
      if (item.kind === "up") {
        link = new Link(ports, item.session, background);
        ports.roots.claimed(item.session.welcome.root);
        await link.catchUpRoots();
        await ports.linkUp(item.session);
        link.plan(item.session.welcome.plans);
        link.askForGroups(item.session.welcome.plans);
      } else if (item.kind === "segment") {
        await link?.take(item);
      } else if (item.kind === "beat") {
        await link?.hearBeat(item.bytes);
      } else {
        await link?.hear(item.message);
      }
    }
  } finally {
    await background.over();
  }
  const [failure] = background.failures;
  if (failure !== undefined) throw failure;
}

/** One connection, and what is followed on it. */
class Link implements FollowedLink {
  readonly session: Session;
  readonly #ports: FollowPorts;
  readonly #background: Background;
  readonly #feeds: Map<FeedName, FeedFollower>;
  readonly #standing: StandingWord;
  readonly #since: number;
  readonly #refusals = new Rate(MOST_REFUSALS_A_MINUTE, MINUTE_MS);
  /** Poison of a feed that nobody knows, as its header must not be read. */
  #unread: Refusal | undefined;
  #caughtUp = false;

  constructor(ports: FollowPorts, session: Session, background: Background) {
    this.session = session;
    this.#ports = ports;
    this.#background = background;
    this.#standing = new StandingWord(ports);
    this.#since = ports.clock.monotonic();
    this.#feeds = new Map(
      ports.feeds().map((feed) => [feed, new FeedFollower(feed, this, ports)]),
    );
  }

  plan(plans: readonly FeedPlan[]): void {
    for (const plan of plans) this.#feeds.get(plan.feed)?.follow(plan);
  }

  /** Of a group's feed there is a plan for who has some of it, or asks. */
  askForGroups(plans: readonly FeedPlan[]): void {
    if (!this.session.capabilities.has(POLICY)) return;
    for (const [feed, follower] of this.#feeds) {
      if (!isOfGroup(feed)) continue;
      if (!plans.some((plan) => plan.feed === feed)) follower.resume();
    }
  }

  /** Another policy, or root, may have this host follow other feeds. */
  #followOthers(): void {
    const feeds = this.#ports.feeds();
    for (const feed of this.#feeds.keys()) {
      if (!feeds.includes(feed)) this.#feeds.delete(feed);
    }
    for (const feed of feeds) {
      if (this.#feeds.has(feed)) continue;
      const follower = new FeedFollower(feed, this, this.#ports);
      this.#feeds.set(feed, follower);
      follower.resume();
    }
  }

  /** Nothing is verified meanwhile: it would be by a root that may be past. */
  async catchUpRoots(): Promise<void> {
    if (!this.#ports.roots.isBehind) return;
    await this.#ports.catchUpRoots(this.session);
  }

  async hear(message: FromCloud): Promise<void> {
    switch (message.type) {
      case "root":
        this.#ports.roots.hear(message.root);
        await this.catchUpRoots();
        this.#followOthers();
        return;
      case "approval":
      case "policy":
      case "heads":
      case "state":
        await this.catchUpRoots(); // which may have failed before
        this.#hearSigned(message);
        return;
      case "plan":
        this.plan(message.plans);
        return;
      case "resync":
        this.#resync(message.feed);
        return;
      case "telemetry-ack":
        this.#ports.acknowledged(message);
        return;
      case "impact-question":
      case "request":
        this.#ports.asked(message, this.session);
        return;
      default:
        return; // the uplink has dealt with the greeting, and with a drain
    }
  }

  #hearSigned(
    message: FromCloud & {
      readonly type: "approval" | "policy" | "heads" | "state";
    },
  ): void {
    if (message.type === "approval") {
      this.#ports.approvals.hear(message.approval);
    } else if (message.type === "policy") {
      this.#ports.policies.hear(message.policy);
      this.#followOthers();
    } else if (message.type === "state") {
      this.#hearHeads(() => this.#standing.hear(message.state));
    } else {
      for (const head of message.heads) {
        this.#hearHeads(() => [this.#ports.verifyHead(head)]);
      }
    }
  }

  /** What was said last of the feeds is still so. */
  async hearBeat(beat: Uint8Array): Promise<void> {
    await this.catchUpRoots(); // which may have failed before
    this.#hearHeads(() => this.#standing.beat(beat));
  }

  /** A live segment; while a feed is being caught up with, it comes too early. */
  async take(delivery: Delivery): Promise<void> {
    const outcome = await carryOut(delivery, this.#ports.step);
    if (outcome.kind === "enforced") {
      this.answer(outcome);
      return;
    }
    const { feed, code } = outcome;
    const follower = feed === undefined ? undefined : this.#feeds.get(feed);
    const early = feed !== undefined && follower?.isLive !== true;
    if (early && mayResume(code)) return;
    this.report(outcome);
    if (feed === undefined && code === "poison") this.#unread = outcome;
    if (isRecorded(outcome)) this.noteCaughtUp();
    if (mayResume(code)) follower?.resume();
  }

  answer(outcome: Enforced): void {
    this.#feeds.get(outcome.position.feed)?.movedOn();
    this.#ports.watch.took(outcome.position);
    this.#ports.answer(outcome);
    this.noteCaughtUp();
  }

  report({ feed, code, detail }: Refusal): void {
    this.#ports.events.refused(feed, code, detail);
    if (feed === undefined) return;
    if (!this.#refusals.take(this.#ports.clock.monotonic())) return;
    const line = printable(detail, LONGEST_DETAIL);
    this.session.send({ type: "refusal", feed, code, detail: line });
  }

  /** What is not even looked at may be what is missing there. */
  fellBehind(feed: FeedName): void {
    if (this.#unread) this.report({ ...this.#unread, feed });
  }

  /** Tells once that this agent stands where the cloud does. */
  noteCaughtUp(): void {
    if (this.#caughtUp) return;
    this.#caughtUp = this.#needed().every(
      (feed) => this.#feeds.get(feed)?.isLevel === true,
    );
    if (this.#caughtUp) this.#ports.caughtUp();
  }

  inBackground(feed: FeedName, work: () => Promise<void>): void {
    this.#background.run(feed, this.session, work);
  }

  /** A feed that is not live has been asked for already, or will be. */
  #resync(feed: FeedName): void {
    const follower = this.#feeds.get(feed);
    if (follower?.isLive === true) follower.resume();
  }

  /** Of feeds that this agent does not follow, they are passed over. */
  #hearHeads(verified: () => readonly Head[]): void {
    try {
      for (const head of verified()) this.#feeds.get(head.feed)?.hear(head);
    } catch (error) {
      if (needsReopening(error)) throw error;
      this.#ports.events.headRefused(error);
    }
  }

  /**
   * Every feed at first; one that is stuck may not keep urgent bans out. The policy,
   * which names those of groups, comes before any head.
   */
  #needed(): readonly FeedName[] {
    const { clock, feeds } = this.#ports;
    if (clock.monotonic() - this.#since >= PATIENCE_MS) return URGENT;
    const hasGroups = this.session.capabilities.has(POLICY);
    return feeds().filter((feed) => hasGroups || !isOfGroup(feed));
  }
}

/** What goes on beside the stream of items, and outlives a connection. */
class Background {
  readonly #ports: Pick<FollowPorts, "events" | "stop">;
  /** One task a feed, one after the other. */
  readonly #tasks = new Map<FeedName, Promise<void>>();
  /** What following can't go on after. */
  readonly failures: LedgerDamage[] = [];

  constructor(ports: Pick<FollowPorts, "events" | "stop">) {
    this.#ports = ports;
  }

  /** After what an earlier connection began, which nobody may overtake. */
  run(feed: FeedName, session: Session, work: () => Promise<void>): void {
    const before = this.#tasks.get(feed) ?? Promise.resolve();
    const task = before
      .then(() => this.#run(feed, session, work))
      .finally(() => {
        if (this.#tasks.get(feed) === task) this.#tasks.delete(feed);
      });
    this.#tasks.set(feed, task);
  }

  /** Resolves once all of it has ended. */
  async over(): Promise<void> {
    await Promise.all(this.#tasks.values());
  }

  /** Tasks end with the session, and what goes wrong in one is told. */
  async #run(
    feed: FeedName,
    { ended }: Session,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      if (!ended.aborted) await work();
    } catch (error) {
      if (needsReopening(error)) {
        this.failures.push(error);
        this.#ports.stop();
      } else if (!ended.aborted) {
        this.#ports.events.catchUpFailed(feed, error);
      }
    }
  }
}

/** Ten minutes of a working link fetch the largest snapshot many times over. */
const PATIENCE_MS = 600_000;

/** What is refused beyond these is refused without a word. */
const MOST_REFUSALS_A_MINUTE = 60;

const URGENT: readonly FeedName[] = ["urgent"];

const LONGEST_DETAIL = 512;
