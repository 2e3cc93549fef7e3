import { randomBytes } from "node:crypto";
import type { FeedName } from "../../agent/model/position.js";
import {
  closeCodes,
  type CloseReason,
} from "../../agent/protocol/close-codes.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import type { DrainOrder } from "../../agent/protocol/drain.js";
import type { ImpactQuestion } from "../../agent/protocol/messages.js";
import { impactIn } from "../../agent/protocol/requests.js";
import { rootFormat } from "../../agent/protocol/root-document.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { FromAgent, FromCloud } from "../../agent/protocol/wire.js";
import { newSecret } from "../ids.js";
import { TokenBucket } from "../rate/token-bucket.js";
import {
  BREATH_MS,
  HELLO_DEADLINE_MS,
  MESSAGES,
  MOST_TOO_FAST,
  MOST_UNREAD,
  RESUMES,
  SILENT_HEARTBEATS,
} from "./budgets.js";
import { Following, MOST_BUFFERED, type FollowingPorts } from "./following.js";
import { checkHello, HelloRefused, type Greeting } from "./hello.js";
import type { Link, LinkHandler } from "./listen.js";
import { checkStatements, takeReceipt } from "./device-words.js";
import { checkResume, feedsAtFirst, type Resume } from "./group-feeds.js";
import { isOfStrangeFeed, positionOf, type Live } from "./live.js";
import type { GatewayPorts, TelemetryMessage } from "./ports.js";
import { Wanted } from "./wanted.js";
import { tellings, Word } from "./word.js";

/** Who is told when a session comes and goes. */
export interface SessionOwner {
  welcomed(session: Session): void;
  closed(session: Session): void;
  readonly framesAfter: FollowingPorts["framesAfter"];
}

type State =
  | { readonly at: "challenged"; readonly nonce: string }
  | ({ readonly at: "live" } & Live)
  | { readonly at: "closed" };

/** One agent's connection: challenged, then live. */
export class Session implements LinkHandler {
  readonly #link: Link;
  readonly #ports: GatewayPorts;
  readonly #owner: SessionOwner;
  readonly #patience: TokenBucket;
  readonly #resumes: TokenBucket;
  readonly #deadline: Disposable;
  #state: State;
  #heardAt: number;
  /** The state that its feeds were said to be in last. */
  #told: SignedText | undefined;
  readonly #wanted = new Wanted();
  /** Telemetry that came too fast; an agent that waits does not add to it. */
  #tooFast = 0;

  constructor(link: Link, ports: GatewayPorts, owner: SessionOwner) {
    this.#link = link;
    this.#ports = ports;
    this.#owner = owner;
    this.#patience = new TokenBucket(MESSAGES, ports.clock);
    this.#resumes = new TokenBucket(RESUMES, ports.clock);
    this.#heardAt = ports.clock.monotonic();
    const nonce = link.wire.nonce(randomBytes(32));
    this.#state = { at: "challenged", nonce };
    const { clock, cloudName: cloud } = ports;
    this.#say({ type: "challenge", nonce, time: clock.now(), cloud });
    this.#deadline = ports.clock.every(HELLO_DEADLINE_MS, () => this.#hurry());
  }

  /** Undefined until the agent has proved who it is, and after it has gone. */
  get live(): Live | undefined {
    return this.#state.at === "live" ? this.#state : undefined;
  }

  /** Backpressure: an agent that says too much is read more slowly (token bucket). */
  text(text: string): void {
    if (!this.#patience.take()) this.#link.holdFor(BREATH_MS);
    this.#attempt(() => this.#handle(this.#link.wire.fromAgent(text)));
  }

  binary(): void {
    this.close("bad-message");
  }

  heard(): void {
    this.#heardAt = this.#ports.clock.monotonic();
  }

  drained(): void {
    this.#attempt(() => this.live?.following.drained());
  }

  closed(code: number): void {
    if (code === closeCodes.downgraded) {
      const address = this.#link.remoteAddress;
      this.#ports.log.warn("an agent was downgraded on its way", { address });
    }
    this.#leave();
  }

  /** Once a heartbeat: says where the feeds stand, and asks for a sign of life. */
  beat(word: Word): void {
    const silentMs = this.#ports.clock.monotonic() - this.#heardAt;
    const isSilent = silentMs > SILENT_HEARTBEATS * this.#ports.heartbeatMs;
    if (isSilent) return this.close("silent");
    // An agent that reads nothing gets no newer heads on top of the older ones.
    if (this.#link.buffered <= MOST_BUFFERED) this.#tell(word);
    this.#link.ping();
  }

  /** What is said from here on is signed by another root's keys. */
  announceRoot(root: SignedText): void {
    const { version } = this.#link.wire;
    if (this.live === undefined || rootFormat(root.signed) > version) return;
    this.#say({ type: "root", root });
  }

  /** Whether the agent is there and follows the feed; then it is asked. */
  ask(feed: FeedName, question: ImpactQuestion): boolean {
    if (this.live?.following.has(feed) !== true) return false;
    const { wire } = this.#link;
    const asked = wire.question(question, this.live.capabilities);
    if (asked === undefined) return false;
    if (this.#link.buffered <= MOST_BUFFERED) this.#say(asked);
    return true;
  }

  /** What the critical keys allow a feed from here on, if the agent follows it. */
  announceApproval(feed: FeedName, approval: SignedText): void {
    if (this.live?.following.has(feed))
      this.#say({ type: "approval", approval });
  }

  /** What is wanted of the host, where it goes by that and was not told so yet. */
  announcePolicy(): void {
    if (this.live === undefined) return;
    this.live.following.keepOnly(this.#ports.feedsOf(this.live.agent));
    const policy = this.#wanted.next(this.live, this.#ports);
    if (policy !== undefined) this.#say({ type: "policy", policy });
  }

  drain(order: DrainOrder): void {
    this.#say(this.#link.wire.drain(order));
  }

  close(reason: CloseReason): void {
    if (this.#state.at === "closed") return;
    const { log } = this.#ports;
    log.debug("session closed", { agent: this.live?.agent.id, reason });
    this.#leave();
    this.#link.close(reason);
  }

  #handle(message: FromAgent): void {
    const state = this.#state;
    if (state.at === "closed") return;
    if (state.at === "challenged" && message.type === "hello") {
      this.#greet(
        checkHello(message, this.#challenge(state.nonce), this.#link.wire),
      );
    } else if (state.at === "live" && message.type !== "hello") {
      this.#hear(state, message);
    } else {
      throw new Malformed(message.type, `is out of place when ${state.at}`);
    }
  }

  #hear(
    live: Live,
    message: Exclude<FromAgent, { readonly type: "hello" }>,
  ): void {
    switch (message.type) {
      case "resume":
        return this.#resume(live, message);
      case "receipt":
        return takeReceipt(message, live, this.#link.wire, this.#ports);
      case "impact-answer":
      case "impact-refusal":
        return this.#ports.impactHeard(live.agent.id, message);
      case "answer": {
        const impact = impactIn(message);
        if (impact) this.#ports.impactHeard(live.agent.id, impact);
        return;
      }
      case "telemetry":
        // Not awaited: receipts must not wait for the disk behind it.
        void this.#takeTelemetry(live, message).catch((error: unknown) =>
          this.#fail(error),
        );
        return;
      case "refusal": {
        const { type: _, ...said } = message;
        const { feed, code } = said;
        if (!live.following.has(feed) && !isOfStrangeFeed(code)) return;
        if (code === "poison") live.following.stuck(feed);
        this.#ports.answers.refusal({ agent: live.agent.id, ...said });
      }
    }
  }

  #challenge(nonce: string) {
    const agent = (id: string) => this.#ports.agent(id);
    return { nonce, cloud: this.#ports.cloudName, agent };
  }

  /** Nothing awaits in here: whoever is revoked was so before, or is live. */
  #greet(greeting: Greeting): void {
    const { hello, agent, evidence } = greeting;
    const feeds = feedsAtFirst(greeting, this.#ports);
    const following = this.#following(greeting, feeds);
    const secret = newSecret();
    const fetching = new Set<FeedName>();
    this.#deadline[Symbol.dispose]();
    const ways = { following, fetching, exchanges: new Set<object>() };
    this.#state = { at: "live", ...greeting, secret, ...ways };
    this.#link.welcomed();
    this.#owner.welcomed(this);
    following.begin(hello.positions.map(positionOf), (plans) => {
      const welcome = {
        type: "welcome" as const,
        agent: agent.id,
        org: agent.org,
        session: secret,
        heartbeatMs: this.#ports.heartbeatMs,
        root: this.#ports.newestRoot(this.#link.wire.version),
        plans: [...plans],
      };
      const capabilities = this.#ports.capabilities();
      this.#say(this.#link.wire.welcomeOf(welcome, capabilities));
      // Before any ban that one of them is for.
      for (const approval of this.#ports.approvals(feeds)) {
        this.#say({ type: "approval", approval });
      }
      this.announcePolicy();
    });
    this.#tell(new Word(this.#ports, following.feeds));
    const { remoteAddress: address, wire } = this.#link;
    const said = { version: hello.version, protocol: wire.version };
    this.#ports.answers.seen(agent, said);
    // Of others it may say what it likes: they prove nothing of this cloud's.
    const positions = hello.positions.filter((at) => feeds.includes(at.feed));
    this.#ports.answers.hello({ agent: agent.id, positions }, evidence);
    this.#ports.boots.seen({ ...hello, address, evidence });
  }

  #following(
    { agent, capabilities }: Greeting,
    feeds: readonly FeedName[],
  ): Following {
    return new Following(feeds, {
      agent: agent.id,
      link: this.#link,
      readsRings: capabilities.has("rings"),
      gateway: this.#ports,
      framesAfter: (at) => this.#owner.framesAfter(at),
      say: (message) => this.#say(message),
      fail: (error) => this.#fail(error),
    });
  }

  #resume(live: Live, message: Resume): void {
    const asked = checkResume(message, live, this.#ports);
    if (!this.#resumes.take()) return this.close("too-many-requests");
    if (asked === undefined) return; // it has left the feed, as its policy tells it
    const { feed, position, approvals } = asked;
    for (const approval of approvals) this.#say({ type: "approval", approval });
    if (asked.isNew) this.#tell(new Word(this.#ports, live.following.feeds));
    live.following.resume(feed, position);
  }

  /** What is not durable is not acknowledged: the agent says it again. */
  async #takeTelemetry(live: Live, message: TelemetryMessage): Promise<void> {
    const { id: agent, org } = live.agent;
    const check = [message, checkStatements(live)] as const;
    const taken = await this.#ports.takeTelemetry({ agent, org }, ...check);
    if (taken === "durable") {
      const through = message.first + message.items.length - 1;
      this.#say({ type: "telemetry-ack", spool: message.spool, through });
    } else if (taken === "too-fast") {
      this.#tooFast += 1;
      if (this.#tooFast >= MOST_TOO_FAST) this.close("too-many-requests");
    } else if (taken === "impossible") {
      this.#fail(new Malformed("telemetry", "has numbers beyond 2^53"));
    }
  }

  #fail(error: unknown): void {
    const { log } = this.#ports;
    const agent = this.live?.agent.id;
    if (error instanceof HelloRefused) {
      log.info("agent turned away", { agent: agent ?? error.agent, error });
      this.close(this.#mayBeBehind(error) ? "failed" : error.close);
    } else if (error instanceof Malformed) {
      log.info("bad message", { agent, error });
      this.close("bad-message");
    } else {
      log.error("session failed", { agent, error });
      this.close("failed");
    }
  }

  /** Whom a full disk keeps this cloud from knowing comes back soon. */
  #mayBeBehind({ close, agent }: HelloRefused): boolean {
    return close === "unauthenticated" && this.#ports.isBehindOn(agent);
  }

  /** A slow path, or a busy machine, is no bad credential. */
  #hurry(): void {
    if (this.#state.at === "challenged") this.close("silent");
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #leave(): void {
    this.#deadline[Symbol.dispose]();
    this.live?.following.end();
    this.#owner.closed(this);
    this.#state = { at: "closed" };
  }

  #tell(word: Word): void {
    const { version } = this.#link.wire;
    const { frames, told } = tellings[version](word, this.#told);
    this.#told = told;
    for (const frame of frames) this.#link.write(frame);
  }

  #say(message: FromCloud): void {
    this.#link.send(this.#link.wire.write(message));
    if (this.#link.buffered <= MOST_UNREAD) return;
    if (this.#state.at === "closed") return;
    this.#ports.dropped("unread-too-much");
    this.close("too-slow");
  }
}
