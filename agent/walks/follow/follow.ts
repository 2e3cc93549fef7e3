import { needsReopening, type LedgerDamage } from "../../ledger/damage.js";
import { printable } from "../../log/printable.js";
import type { FeedName } from "../../model/position.js";
import type { Head } from "../../protocol/documents.js";
import type { CloudMessage, FeedPlan } from "../../protocol/messages.js";
import { mayResume } from "../../protocol/refusals.js";
import { openSegments } from "../../protocol/segment.js";
import type { SignedText } from "../../protocol/signed-text.js";
import { MINUTE_MS, Rate } from "../../uplink/rate.js";
import { retryDelayMs } from "../../uplink/retry-delay.js";
import type { Session, UplinkItem } from "../../uplink/uplink.js";
import type { Delivery, Outcome } from "../ban/ban-walk.js";
import { adopt, carryOut } from "../ban/ban-walk.js";
import { wirePosition } from "../ban/receipts.js";
import { AWAITING, type FeedState } from "./feed-state.js";
import type { FollowPorts } from "./follow-ports.js";

/**
 * Takes in what the cloud says until the stream ends, and all that it began.
 * @throws LedgerDamage that only a ledger opened anew can heal
 */
export async function follow(
  items: AsyncIterable<UplinkItem>,
  ports: FollowPorts,
): Promise<void> {
  let link: Link | undefined;
  const lasting: Lasting = { tasks: new Map(), failures: [] };
  try {
    for await (const item of items) {
      if (item.kind === "up") {
        link = new Link(ports, item.session, lasting);
        ports.roots.claimed(item.session.welcome.root);
        await link.catchUpRoots();
        await ports.linkUp(item.session);
        link.plan(item.session.welcome.plans);
      } else if (item.kind === "segment") {
        await link?.take(item);
      } else {
        await link?.hear(item.message);
      }
    }
  } finally {
    await Promise.all(lasting.tasks.values());
  }
  const [failure] = lasting.failures;
  if (failure !== undefined) throw failure;
}

/** What outlives a connection. */
interface Lasting {
  /** What goes on in the background: one task a feed, one after the other. */
  readonly tasks: Map<FeedName, Promise<void>>;
  /** What following can't go on after. */
  readonly failures: LedgerDamage[];
}

/** How the feeds stand on one connection; a new connection starts afresh. */
class Link {
  readonly #ports: FollowPorts;
  readonly #session: Session;
  readonly #lasting: Lasting;
  readonly #standings: Map<FeedName, FeedState>;
  /** Refusals and failed fetches by feed, in a row. */
  readonly #failures = new Map<FeedName, number>();
  /** Feeds whose head was heard on this connection. */
  readonly #headed = new Set<FeedName>();
  readonly #since: number;
  readonly #refusals = new Rate(MOST_REFUSALS_A_MINUTE, MINUTE_MS);
  /** Poison of a feed that nobody knows, as its header must not be read. */
  #unread: Refusal | undefined;
  #caughtUp = false;

  constructor(ports: FollowPorts, session: Session, lasting: Lasting) {
    this.#ports = ports;
    this.#session = session;
    this.#lasting = lasting;
    this.#since = ports.clock.monotonic();
    this.#standings = new Map(ports.feeds.map((feed) => [feed, AWAITING]));
  }

  /** A plan that nobody waits for is none: the way that was asked for goes on. */
  plan(plans: readonly FeedPlan[]): void {
    for (const plan of plans) {
      if (this.#standing(plan.feed) !== "awaiting") continue;
      if (plan.mode === "tail") this.#standings.set(plan.feed, { at: "live" });
      else this.#inBackground(plan.feed, () => this.#catchUp(plan));
    }
  }

  /** Nothing is verified meanwhile: it would be by a root that may be past. */
  async catchUpRoots(): Promise<void> {
    if (!this.#ports.roots.isBehind) return;
    await this.#ports.catchUpRoots(this.#session);
  }

  async hear(message: CloudMessage): Promise<void> {
    switch (message.type) {
      case "root":
        this.#ports.roots.hear(message.root);
        return this.catchUpRoots();
      case "approval":
        await this.catchUpRoots(); // which may have failed before
        this.#ports.approvals.hear(message.approval);
        return;
      case "plan":
        this.plan(message.plans);
        return;
      case "heads":
        await this.catchUpRoots(); // which may have failed before
        message.heads.forEach((head) => this.#hearHead(head));
        return;
      case "resync":
        // A feed that is not live has been asked for already, or will be.
        if (this.#standing(message.feed) === "live") this.#resume(message.feed);
        return;
      case "telemetry-ack":
        this.#ports.acknowledged(message);
        return;
      case "impact-question":
        this.#ports.impactAsked(message, this.#session);
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
    const early = feed !== undefined && this.#standing(feed) !== "live";
    if (early && mayResume(code)) return;
    this.#report(outcome);
    if (feed === undefined && code === "poison") this.#unread = outcome;
    if (isRecorded(outcome)) this.#noteCaughtUp();
    if (feed !== undefined && mayResume(code)) this.#resume(feed);
  }

  /** Fetches what the cloud does not push, then asks to go on from there. */
  async #catchUp(plan: Plan<"segments" | "snapshot">): Promise<void> {
    this.#ports.events.catchingUp(plan.feed, plan.mode);
    try {
      if (plan.mode === "segments") await this.#takeSegments(plan);
      else await this.#takeSnapshot(plan);
    } catch (error) {
      if (needsReopening(error) || this.#session.ended.aborted) throw error;
      this.#ports.events.catchUpFailed(plan.feed, error);
      this.#countFailure(plan.feed);
    }
    await this.#askForPlan(plan.feed);
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
        this.#settle(feed, outcome);
        if (!isRecorded(outcome)) return;
        from = segment.header.last + 1;
      }
    }
  }

  async #takeSnapshot(plan: Plan<"snapshot">): Promise<void> {
    const bytes = await this.#ports.fetchSnapshot(this.#session, plan);
    const delivery = { bytes, ...this.#moment() };
    const outcome = await adopt(delivery, this.#ports.step);
    this.#settle(plan.feed, outcome);
  }

  /** What is in force has moved its feed on, so its failures are forgotten. */
  #answer(outcome: Outcome & { readonly kind: "enforced" }): void {
    this.#failures.delete(outcome.position.feed);
    this.#ports.watch.took(outcome.position);
    this.#ports.answer(outcome);
    this.#noteCaughtUp();
  }

  #settle(feed: FeedName, outcome: Outcome): void {
    if (outcome.kind === "enforced") return this.#answer(outcome);
    this.#report(outcome);
    if (isRecorded(outcome)) return this.#noteCaughtUp();
    this.#countFailure(feed);
  }

  #report({ feed, code, detail }: Refusal): void {
    this.#ports.events.refused(feed, code, detail);
    if (feed === undefined) return;
    if (!this.#refusals.take(this.#ports.clock.monotonic())) return;
    const line = printable(detail, LONGEST_DETAIL);
    this.#session.send({ type: "refusal", feed, code, detail: line });
  }

  #hearHead(text: SignedText): void {
    try {
      this.#holdAgainst(this.#ports.verifyHead(text));
    } catch (error) {
      if (needsReopening(error)) throw error;
      this.#ports.events.headRefused(error);
    }
  }

  /**
   * A head beyond our position means a lost segment on a feed that is live, and
   * a lost question on one whose plan is overdue.
   */
  #holdAgainst(head: Head): void {
    const { feed } = head;
    const standing = this.#standings.get(feed);
    if (standing === undefined || !this.#isNews(head, standing)) return;
    this.#headed.add(feed);
    const isLevel = this.#isLevel(head);
    this.#ports.watch.level(feed, isLevel);
    this.#noteCaughtUp(); // or patience with this feed may be over
    if (isLevel || standing.at === "busy") return;
    if (standing.at === "awaiting" && !standing.overdue) {
      this.#standings.set(feed, { at: "awaiting", overdue: true });
      return;
    }
    const offset = this.#ports.position(feed)?.offset ?? 0;
    this.#ports.events.behind(head, offset);
    // What is not even looked at may be what is missing here.
    if (this.#unread) this.#report({ ...this.#unread, feed });
    this.#resume(feed);
  }

  /** Whether there is anything in the head to go by. */
  #isNews(head: Head, { at }: FeedState): boolean {
    const { watch, dated } = this.#ports;
    const { feed, time } = head;
    if (time >= (watch.head(feed)?.time ?? 0)) dated(time);
    // While a feed is fetched, its position is not as old as what is said.
    const own = at === "live" ? this.#ports.position(feed) : undefined;
    const worth = watch.hear(head, own);
    return worth === "fresh" || worth === "late";
  }

  #isLevel(head: Head): boolean {
    if (head.offset === 0) return true;
    const at = this.#ports.position(head.feed);
    return at?.epoch === head.epoch && at.offset >= head.offset;
  }

  /** Tells once that this agent stands where the cloud does. */
  #noteCaughtUp(): void {
    if (this.#caughtUp) return;
    this.#caughtUp = this.#needed().every((feed) => {
      const head = this.#ports.watch.head(feed);
      return (
        head !== undefined && this.#headed.has(feed) && this.#isLevel(head)
      );
    });
    if (this.#caughtUp) this.#ports.caughtUp();
  }

  /** Every feed at first; one that is stuck may not keep urgent bans out. */
  #needed(): readonly FeedName[] {
    const { clock, feeds } = this.#ports;
    const patient = clock.monotonic() - this.#since < PATIENCE_MS;
    return patient ? feeds : URGENT;
  }

  #standing(feed: FeedName): FeedState["at"] | undefined {
    return this.#standings.get(feed)?.at;
  }

  #resume(feed: FeedName): void {
    this.#inBackground(feed, () => this.#askForPlan(feed));
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
    this.#standings.set(feed, AWAITING);
    this.#session.send({ type: "resume", feed, ...position });
  }

  #countFailure(feed: FeedName): void {
    this.#failures.set(feed, (this.#failures.get(feed) ?? 0) + 1);
  }

  /** After what an earlier connection began, which nobody may overtake. */
  #inBackground(feed: FeedName, work: () => Promise<void>): void {
    this.#standings.set(feed, { at: "busy" });
    const { tasks } = this.#lasting;
    const before = tasks.get(feed) ?? Promise.resolve();
    const task = before
      .then(() => this.#run(feed, work))
      .finally(() => {
        if (tasks.get(feed) === task) tasks.delete(feed);
      });
    tasks.set(feed, task);
  }

  /** Tasks end with the session, and what goes wrong in one is told. */
  async #run(feed: FeedName, work: () => Promise<void>): Promise<void> {
    const { ended } = this.#session;
    try {
      if (!ended.aborted) await work();
    } catch (error) {
      if (needsReopening(error)) {
        this.#lasting.failures.push(error);
        this.#ports.stop();
      } else if (!ended.aborted) {
        this.#ports.events.catchUpFailed(feed, error);
      }
    }
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

/** Ten minutes of a working link fetch the largest snapshot many times over. */
const PATIENCE_MS = 600_000;

/** What is refused beyond these is refused without a word. */
const MOST_REFUSALS_A_MINUTE = 60;

const URGENT: readonly FeedName[] = ["urgent"];

const LONGEST_DETAIL = 512;
