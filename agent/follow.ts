import type { BanSteps, Delivery, Outcome } from "./ban-walk.js";
import { adopt, carryOut } from "./ban-walk.js";
import type { Clock } from "./clock.js";
import type { AgentEvents } from "./events.js";
import { printable } from "./log/printable.js";
import type { FeedName, Position } from "./model/position.js";
import type { Head } from "./protocol/documents.js";
import type { CloudMessage, FeedPlan } from "./protocol/messages.js";
import { mayResume } from "./protocol/refusals.js";
import { openSegments } from "./protocol/segment.js";
import type { SignedText } from "./protocol/signed-text.js";
import { wirePosition } from "./receipts.js";
import { retryDelayMs } from "./uplink/retry-delay.js";
import type { Session, UplinkItem } from "./uplink/uplink.js";

/** What following the cloud's feeds needs. */
export interface FollowPorts {
  readonly step: BanSteps;
  readonly clock: Clock;
  readonly events: AgentEvents;
  /** What this agent follows; a welcome may leave some plans for later. */
  readonly feeds: readonly FeedName[];
  /** From 0 to 1. */
  readonly random: () => number;
  position(feed: FeedName): Position | undefined;
  verifyHead(head: SignedText): Head;
  /** Signed segments from op `from` on, one behind the other. */
  fetchSegments(
    session: Session,
    at: { feed: FeedName; epoch: string; from: number },
  ): Promise<Uint8Array>;
  fetchSnapshot(
    session: Session,
    plan: { sha256: string; bytes: number },
  ): Promise<Uint8Array>;
  /** A link is up: facts may have changed, and receipts may have been lost. */
  linkUp(session: Session): Promise<void>;
  /** The agent stands where the cloud does, in every feed. */
  caughtUp(): void;
  /** The cloud has these items of telemetry for good. */
  acknowledged(ack: CloudMessage & { readonly type: "telemetry-ack" }): void;
  /** Gives the receipt of what is in force now. */
  answer(outcome: Outcome & { kind: "enforced" }): void;
}

/** Takes in what the cloud says until the stream ends, and all that it began. */
export async function follow(
  items: AsyncIterable<UplinkItem>,
  ports: FollowPorts,
): Promise<void> {
  let link: Link | undefined;
  const tasks = new Set<Promise<void>>();
  try {
    for await (const item of items) {
      if (item.kind === "up") {
        link = new Link(ports, item.session, tasks);
        await ports.linkUp(item.session);
        link.plan(item.session.welcome.plans);
      } else if (item.kind === "segment") {
        await link?.take(item);
      } else {
        link?.hear(item.message);
      }
    }
  } finally {
    await Promise.all(tasks);
  }
}

/** How the feeds stand on one connection; a new connection starts afresh. */
class Link {
  readonly #ports: FollowPorts;
  readonly #session: Session;
  /** Feeds that live segments are expected for. */
  readonly #live = new Set<FeedName>();
  /** Refusals and failed fetches by feed, in a row. */
  readonly #failures = new Map<FeedName, number>();
  /** Where the cloud last said that its feeds stand. */
  readonly #heads = new Map<FeedName, Head>();
  /** What goes on in the background, of earlier connections as well. */
  readonly #tasks: Set<Promise<void>>;
  #caughtUp = false;

  constructor(ports: FollowPorts, session: Session, tasks: Set<Promise<void>>) {
    this.#ports = ports;
    this.#session = session;
    this.#tasks = tasks;
  }

  plan(plans: readonly FeedPlan[]): void {
    for (const plan of plans) {
      if (plan.mode === "tail") this.#live.add(plan.feed);
      else this.#inBackground(plan.feed, this.#catchUp(plan));
    }
  }

  hear(message: CloudMessage): void {
    switch (message.type) {
      case "plan":
        return this.plan(message.plans);
      case "heads":
        return message.heads.forEach((head) => this.#hearHead(head));
      case "resync":
        // A feed that is not live has been asked for already, or will be.
        if (this.#live.has(message.feed)) this.#resume(message.feed);
        return;
      case "telemetry-ack":
        this.#ports.acknowledged(message);
        return;
      case "challenge":
      case "welcome":
      case "drain":
        return; // the uplink has dealt with these
    }
  }

  /** A live segment; while a feed is being caught up with, it comes too early. */
  async take(delivery: Delivery): Promise<void> {
    const outcome = await carryOut(delivery, this.#ports.step);
    if (outcome.kind === "enforced") {
      this.#answer(outcome);
      return;
    }
    const { feed, code } = outcome;
    const early = feed !== undefined && !this.#live.has(feed);
    if (early && mayResume(code)) return;
    this.#report(outcome);
    if (isRecorded(outcome)) this.#noteCaughtUp();
    if (feed !== undefined && mayResume(code)) this.#resume(feed);
  }

  /** Fetches what the cloud does not push, then asks to go on from there. */
  async #catchUp(plan: Plan<"segments" | "snapshot">): Promise<void> {
    this.#live.delete(plan.feed);
    this.#ports.events.catchingUp(plan.feed, plan.mode);
    try {
      if (plan.mode === "segments") await this.#takeSegments(plan);
      else await this.#takeSnapshot(plan);
    } catch (error) {
      if (this.#session.ended.aborted) return;
      this.#ports.events.catchUpFailed(plan.feed, error);
      this.#countFailure(plan.feed);
    }
    this.#resume(plan.feed);
  }

  async #takeSegments({ feed, epoch, ...plan }: Plan<"segments">) {
    let from = plan.from;
    while (from <= plan.to) {
      const at = { feed, epoch, from };
      const answer = await this.#ports.fetchSegments(this.#session, at);
      if (answer.length === 0) throw new Error("the cloud sent no segments");
      for (const { segment, bytes } of openSegments(answer)) {
        const delivery = { bytes, ...this.#moment() };
        const outcome = await carryOut(delivery, this.#ports.step);
        this.#settle(outcome);
        if (!isRecorded(outcome)) return;
        from = segment.header.last + 1;
      }
    }
  }

  async #takeSnapshot(plan: Plan<"snapshot">): Promise<void> {
    const bytes = await this.#ports.fetchSnapshot(this.#session, plan);
    const delivery = { bytes, ...this.#moment() };
    const outcome = await adopt(delivery, this.#ports.step);
    this.#settle(outcome);
  }

  #answer(outcome: Outcome & { readonly kind: "enforced" }): void {
    const { feed } = outcome.position;
    this.#failures.delete(feed);
    this.#ports.answer(outcome);
    this.#noteCaughtUp();
  }

  #settle(outcome: Outcome): void {
    if (outcome.kind === "enforced") return this.#answer(outcome);
    this.#report(outcome);
    if (isRecorded(outcome)) return this.#noteCaughtUp();
    if (outcome.feed !== undefined) this.#countFailure(outcome.feed);
  }

  #report({ feed, code, detail }: Refusal): void {
    this.#ports.events.refused(feed, code, detail);
    if (feed === undefined) return;
    const line = printable(detail, LONGEST_DETAIL);
    this.#session.send({ type: "refusal", feed, code, detail: line });
  }

  /** A head beyond our position, on a feed that is live, means a lost segment. */
  #hearHead(text: SignedText): void {
    const { events } = this.#ports;
    try {
      const head = this.#ports.verifyHead(text);
      this.#heads.set(head.feed, head);
      if (this.#isLevel(head)) return this.#noteCaughtUp();
      if (!this.#live.has(head.feed)) return;
      events.behind(head, this.#ports.position(head.feed)?.offset ?? 0);
      this.#resume(head.feed);
    } catch (error) {
      events.headRefused(error);
    }
  }

  #isLevel(head: Head): boolean {
    if (head.offset === 0) return true;
    const at = this.#ports.position(head.feed);
    return at?.epoch === head.epoch && at.offset >= head.offset;
  }

  /** Tells once that this agent stands where the cloud does, in every feed. */
  #noteCaughtUp(): void {
    if (this.#caughtUp) return;
    this.#caughtUp = this.#ports.feeds.every((feed) => {
      const head = this.#heads.get(feed);
      return head !== undefined && this.#isLevel(head);
    });
    if (this.#caughtUp) this.#ports.caughtUp();
  }

  #resume(feed: FeedName): void {
    this.#live.delete(feed);
    this.#inBackground(feed, this.#askForPlan(feed));
  }

  /** The first time at once, then later each time it failed again. */
  async #askForPlan(feed: FeedName): Promise<void> {
    const failures = this.#failures.get(feed) ?? 0;
    if (failures > 0) {
      const { clock, random } = this.#ports;
      const delayMs = retryDelayMs({ kind: "backoff" }, failures, random);
      await clock.sleep(delayMs, this.#session.ended);
    }
    this.#countFailure(feed);
    const at = this.#ports.position(feed);
    const position = at && { position: wirePosition(at) };
    this.#session.send({ type: "resume", feed, ...position });
  }

  #countFailure(feed: FeedName): void {
    this.#failures.set(feed, (this.#failures.get(feed) ?? 0) + 1);
  }

  /** Tasks end with the session, and what goes wrong in one is told. */
  #inBackground(feed: FeedName, task: Promise<void>): void {
    const done = task
      .catch((error: unknown) => {
        if (this.#session.ended.aborted) return;
        this.#ports.events.catchUpFailed(feed, error);
      })
      .finally(() => this.#tasks.delete(done));
    this.#tasks.add(done);
  }

  #moment(): { receivedAt: number; arrivedAt: number } {
    const { clock } = this.#ports;
    return { receivedAt: clock.now(), arrivedAt: clock.monotonic() };
  }
}

/** Whether the ledger has it: converging goes on by itself then. */
const isRecorded = (outcome: Outcome): boolean =>
  outcome.kind === "enforced" || outcome.code === "not-enforced";

type Refusal = Outcome & { readonly kind: "refused" };
type Plan<Mode extends FeedPlan["mode"]> = FeedPlan & { readonly mode: Mode };

/** As the protocol has it. */
const LONGEST_DETAIL = 512;
