import { randomBytes } from "node:crypto";
import type { FeedName, Position } from "../../agent/model/position.js";
import { Mutex } from "../../agent/mutex.js";
import type { CloseReason } from "../../agent/protocol/close-codes.js";
import { Receipt } from "../../agent/protocol/documents.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import {
  decodeAgentMessage,
  encodeMessage,
  type AgentMessage,
  type CloudMessage,
  type FeedPlan,
} from "../../agent/protocol/messages.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import type { Agent } from "../registry/registry.js";
import { newSecret } from "../registry/secrets.js";
import { encodeFrame } from "./frame.js";
import { checkHello, HelloRefused, type Greeting } from "./hello.js";
import type { Link, LinkHandler } from "./listen.js";
import type { GatewayPorts, TelemetryMessage } from "./ports.js";
import { TokenBucket } from "./token-bucket.js";

/** Who is told when a session comes and goes. */
export interface SessionOwner {
  welcomed(session: Session): void;
  closed(session: Session): void;
}

/** Live data of an agent that has proved who it is. */
export interface Live extends Greeting {
  readonly agent: Agent;
  /** Bearer token for segments and snapshots. */
  readonly secret: string;
  readonly flows: Map<FeedName, Flow>;
}

/** Whether a feed's live segments reach the agent. */
type Flow =
  | "live"
  /** It is fetching over HTTP, and will resume. */
  | "away"
  /** It reads too slowly; once it has read all, it is told to resync. */
  | "lagging";

type State =
  | { readonly at: "challenged"; readonly nonce: string }
  | { readonly at: "greeted" }
  | ({ readonly at: "live" } & Live)
  | { readonly at: "closed" };

/** One agent's connection: challenged, then live. */
export class Session implements LinkHandler {
  readonly #link: Link;
  readonly #ports: GatewayPorts;
  readonly #owner: SessionOwner;
  readonly #turns = new Mutex();
  readonly #patience: TokenBucket;
  #state: State;
  #heardAt: number;
  /** Telemetry that came too fast; an agent that waits does not add to it. */
  #tooFast = 0;

  constructor(link: Link, ports: GatewayPorts, owner: SessionOwner) {
    this.#link = link;
    this.#ports = ports;
    this.#owner = owner;
    this.#patience = new TokenBucket(MESSAGES, ports.clock);
    this.#heardAt = ports.clock.monotonic();
    const nonce = randomBytes(32).toString("base64url");
    this.#state = { at: "challenged", nonce };
    const time = ports.clock.now();
    this.#say({ type: "challenge", nonce, time, cloud: ports.cloudName });
    setTimeout(() => this.#hurry(), HELLO_DEADLINE_MS).unref();
  }

  /** Undefined until the agent has proved who it is, and after it has gone. */
  get live(): Live | undefined {
    return this.#state.at === "live" ? this.#state : undefined;
  }

  text(text: string): void {
    if (!this.#patience.take()) {
      this.close("too-many-requests");
      return;
    }
    void this.#turns.run(async () => {
      try {
        await this.#handle(decodeAgentMessage(text));
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  binary(): void {
    this.close("bad-message");
  }

  heard(): void {
    this.#heardAt = this.#ports.clock.monotonic();
  }

  drained(): void {
    for (const [feed, flow] of this.live?.flows ?? []) {
      if (flow === "lagging") this.resync(feed, "lag");
    }
  }

  closed(): void {
    this.#owner.closed(this);
    this.#state = { at: "closed" };
  }

  /** Hands on a live segment's frame, unless this agent is not there for it. */
  push(feed: FeedName, frame: Buffer): void {
    const flows = this.live?.flows;
    if (flows?.get(feed) !== "live") return;
    if (this.#link.buffered > MOST_BUFFERED) flows.set(feed, "lagging");
    else this.#link.write(frame);
  }

  /** Tells the agent to ask its way anew. */
  resync(feed: FeedName, reason: "lag" | "epoch"): void {
    const flows = this.live?.flows;
    if (!flows?.has(feed)) return;
    flows.set(feed, "away");
    this.#say({ type: "resync", feed, reason });
  }

  /** Once a heartbeat: says where the feeds stand, and asks for a sign of life. */
  beat(heads: Buffer): void {
    const silentMs = this.#ports.clock.monotonic() - this.#heardAt;
    if (silentMs > SILENT_HEARTBEATS * this.#ports.heartbeatMs) {
      this.close("silent");
      return;
    }
    // Whoever reads nothing needs no newer heads piled upon the older ones.
    if (this.#link.buffered <= MOST_BUFFERED) this.#link.write(heads);
    this.#link.ping();
  }

  drain(windowMs: number): void {
    this.#say({ type: "drain", windowMs });
  }

  close(reason: CloseReason): void {
    if (this.#state.at === "closed") return;
    const agent = this.live?.agent.id;
    this.#ports.log.debug("session closed", { agent, reason });
    this.#owner.closed(this);
    this.#state = { at: "closed" };
    this.#link.close(reason);
  }

  async #handle(message: AgentMessage): Promise<void> {
    const state = this.#state;
    if (state.at === "closed") return;
    if (state.at === "challenged" && message.type === "hello") {
      await this.#greet(checkHello(message, this.#challenge(state.nonce)));
    } else if (state.at === "live" && message.type !== "hello") {
      await this.#hear(state, message);
    } else {
      throw new Malformed(message.type, `is out of place when ${state.at}`);
    }
  }

  async #hear(
    live: Live,
    message: Exclude<AgentMessage, { readonly type: "hello" }>,
  ): Promise<void> {
    switch (message.type) {
      case "resume": {
        const { feed, position } = message;
        await this.#resume(live, feed, position && positionOf(position));
        return;
      }
      case "receipt":
        this.#takeReceipt(live, message);
        return;
      case "telemetry":
        // Not awaited: receipts must not wait for the disk behind it.
        void this.#takeTelemetry(live.agent, message).catch((error: unknown) =>
          this.#fail(error),
        );
        return;
      case "refusal": {
        const { feed, code, detail } = message;
        const agent = live.agent.id;
        this.#ports.log.warn("agent refused", { agent, feed, code, detail });
        this.#ports.note({ kind: "refusal", agent, feed, code, detail });
      }
    }
  }

  #challenge(nonce: string) {
    const agent = (id: string) => this.#ports.agent(id);
    return { nonce, cloud: this.#ports.cloudName, agent };
  }

  async #greet(greeting: Greeting): Promise<void> {
    this.#state = { at: "greeted" };
    const { hello, agent } = greeting;
    const feeds = this.#ports.feedsOf(agent.org);
    const positions = hello.positions.map(positionOf);
    const plans = await this.#ports.plans(feeds, positions);
    if (this.#isClosed()) return;

    const secret = newSecret();
    const live: Live = { ...greeting, secret, flows: new Map() };
    this.#state = { at: "live", ...live };
    this.#owner.welcomed(this);
    this.#say({
      type: "welcome",
      agent: agent.id,
      org: agent.org,
      session: secret,
      heartbeatMs: this.#ports.heartbeatMs,
      plans: [...plans],
    });
    this.#follow(live, plans, positions);
    this.#say({ type: "heads", heads: [...this.#ports.heads(feeds)] });
    const { version } = hello;
    this.#ports.note({ kind: "agent-seen", agent: agent.id, version });
  }

  async #resume(
    live: Live,
    feed: FeedName,
    position: Position | undefined,
  ): Promise<void> {
    if (!live.flows.has(feed) || (position && position.feed !== feed)) {
      throw new Malformed("resume", `is not for a feed of ${live.agent.id}`);
    }
    const positions = position === undefined ? [] : [position];
    const plans = await this.#ports.plans([feed], positions);
    if (this.#isClosed()) return;
    this.#say({ type: "plan", plans: [...plans] });
    this.#follow(live, plans, positions);
  }

  /** Nothing awaits in here, so nothing is appended between tail and live. */
  #follow(
    { flows }: Live,
    plans: readonly FeedPlan[],
    positions: readonly Position[],
  ): void {
    for (const { mode, feed, epoch } of plans) {
      flows.set(feed, mode === "tail" ? "live" : "away");
      if (mode !== "tail") continue;
      const offset = positions.find((at) => at.feed === feed)?.offset ?? 0;
      for (const bytes of this.#ports.segmentsAfter({ feed, epoch, offset })) {
        this.#link.write(encodeFrame("binary", bytes));
      }
    }
  }

  #takeReceipt(
    { agent, key, flows }: Live,
    { signed, signature }: { signed: string; signature: string },
  ): void {
    const receipt = parseJson(Receipt, signed, "receipt");
    const bytes = textBytes("receipt", signed);
    if (!key.verify(bytes, Buffer.from(signature, "base64url"))) {
      throw new HelloRefused("unauthenticated", "a receipt's signature is bad");
    }
    if (receipt.agent !== agent.id || !flows.has(receipt.position.feed)) {
      throw new Malformed("receipt", "is for another agent or feed");
    }
    this.#ports.note({ kind: "receipt", agent: agent.id, signed, signature });
  }

  /** What is not durable is not acknowledged: the agent says it again. */
  async #takeTelemetry(
    { id: agent, org }: Agent,
    message: TelemetryMessage,
  ): Promise<void> {
    const taken = await this.#ports.takeTelemetry({ agent, org }, message);
    if (taken === "durable") {
      const { spool, first, items } = message;
      const through = first + items.length - 1;
      this.#say({ type: "telemetry-ack", spool, through });
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
      log.info("agent turned away", { agent, error });
      this.close(error.close);
    } else if (error instanceof Malformed) {
      log.info("bad message", { agent, error });
      this.close("bad-message");
    } else {
      log.error("session failed", { agent, error });
      this.close("failed");
    }
  }

  #hurry(): void {
    if (this.#state.at === "challenged") this.close("unauthenticated");
  }

  #isClosed(): boolean {
    return this.#state.at === "closed";
  }

  #say(message: CloudMessage): void {
    this.#link.send(encodeMessage(message));
  }
}

/** How long a connection may stay without saying who it is. */
const HELLO_DEADLINE_MS = 10_000;

/** Of what is pushed; a slower agent fetches the rest. */
const MOST_BUFFERED = 1024 * 1024;

/** One ping may get lost, two are a dead connection. */
const SILENT_HEARTBEATS = 2.5;

/** Telemetry over the rate, until a session has shown that it does not wait. */
const MOST_TOO_FAST = 10;

/** Room for the receipts of a large import; a talkative agent is sent away. */
const MESSAGES = { perSecond: 100, burst: 1_000 };

function positionOf(wire: {
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  readonly hash: string;
}): Position {
  return { ...wire, hash: Buffer.from(wire.hash, "hex") };
}
