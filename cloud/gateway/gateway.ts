import type { Server } from "node:http";
import type { FeedName, Position } from "../../agent/model/position.js";
import type { ImpactQuestion } from "../../agent/protocol/messages.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { DrainOrder } from "../../agent/protocol/drain.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { hashOf } from "../ids.js";
import type { RecordedDecision } from "../journal/decision-events.js";
import type { Following } from "./following.js";
import { acceptLinks } from "./listen.js";
import type { Live } from "./live.js";
import type { GatewayPorts } from "./ports.js";
import { RecentFrames, type SegmentFrame } from "./recent-frames.js";
import { Session, type SessionOwner } from "./session.js";
import { Word } from "./word.js";

export const AGENT_PATH = "/v1/agent";

/** All connected agents; hands each segment to those who follow its feed. */
export class Gateway implements SessionOwner, AsyncDisposable {
  readonly #ports: GatewayPorts;
  readonly #sessions = new Set<Session>();
  readonly #byAgent = new Map<string, Session>();
  readonly #bySecret = new Map<string, Session>();
  /** When agents that were here went: milliseconds since 1970. */
  readonly #goneAt = new Map<string, number>();
  readonly #recent: RecentFrames;
  readonly #open = new Lifetime();

  constructor(server: Server, ports: GatewayPorts) {
    this.#ports = ports;
    this.#recent = new RecentFrames((at) => ports.segmentsAfter(at));
    this.#open.defer(() => this.#sendAway());
    this.#open.own(
      acceptLinks(server, {
        path: AGENT_PATH,
        isElsewhere: (path) => ports.isElsewhere(path),
        admit: (address) => ports.admit(address),
        welcomed: (socket) => ports.welcomed(socket),
        dropped: (what) => ports.dropped(what),
        open: (link) => this.#admit(new Session(link, ports, this)),
        random: Math.random,
      }),
    );
    this.#open.own(ports.decisions.subscribe((news) => this.#fanOut(news)));
    this.#open.own(ports.clock.every(ports.heartbeatMs, () => this.#beat()));
  }

  /** The session that a bearer token belongs to, while it lasts. */
  find(bearer: string): Live | undefined {
    return this.#bySecret.get(hashOf(bearer))?.live;
  }

  isConnected(agent: string): boolean {
    return this.#byAgent.has(agent);
  }

  /** What an agent can do that is here now, beyond what its version asks of all. */
  capabilitiesOf(agent: string): ReadonlySet<string> | undefined {
    return this.#byAgent.get(agent)?.live?.capabilities;
  }

  /** Sessions, and how many of them are agents'. */
  counts(): { readonly open: number; readonly agents: number } {
    return { open: this.#sessions.size, agents: this.#byAgent.size };
  }

  /** When it was last heard; undefined since this process began. */
  heardAt(agent: string): number | undefined {
    return this.isConnected(agent)
      ? this.#ports.clock.now()
      : this.#goneAt.get(agent);
  }

  /** Asks all who follow the feed: the agents that were asked. */
  ask(feed: FeedName, question: ImpactQuestion): readonly string[] {
    return [...this.#byAgent]
      .filter(([, session]) => session.ask(feed, question))
      .map(([agent]) => agent);
  }

  /** Sends an agent away, whichever sessions it has. */
  dismiss(agent: string, reason: "revoked" | "rekeyed"): void {
    for (const session of [...this.#sessions]) {
      if (session.live?.agent.id === agent) session.close(reason);
    }
  }

  /**
   * Tells all who are connected of a root, before they get anything signed by its
   * keys. Segments that were kept ready with older signatures are dropped.
   */
  announceRoot(root: SignedText): void {
    this.#recent.forgetAll();
    for (const session of this.#sessions) {
      session.announceRoot(root);
      session.announcePolicy();
    }
  }

  welcomed(session: Session): void {
    const { live } = session;
    if (live === undefined) return;
    this.#byAgent.get(live.agent.id)?.close("superseded");
    this.#byAgent.set(live.agent.id, session);
    this.#bySecret.set(hashOf(live.secret), session);
    const { id: agent, org } = live.agent;
    this.#ports.log.info("agent connected", { agent, org });
  }

  closed(session: Session): void {
    this.#sessions.delete(session);
    const { live } = session;
    if (live === undefined) return;
    this.#bySecret.delete(hashOf(live.secret));
    if (this.#byAgent.get(live.agent.id) !== session) return;
    this.#byAgent.delete(live.agent.id);
    this.#goneAt.set(live.agent.id, this.#ports.clock.now());
    this.#ports.log.info("agent gone", { agent: live.agent.id });
  }

  framesAfter(position: Omit<Position, "hash">): readonly SegmentFrame[] {
    return this.#recent.after(position);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open[Symbol.asyncDispose]();
  }

  #admit(session: Session): Session {
    this.#sessions.add(session);
    return session;
  }

  #fanOut(news: readonly RecordedDecision[]): void {
    for (const { event } of news) {
      if (event.kind === "segment") {
        const frame = this.#recent.add(this.#ports.signedAnew(event));
        for (const each of this.#following()) each.push(event.feed, frame);
      } else if (event.kind === "approval") {
        const { feed, text } = event;
        for (const each of this.#sessions) each.announceApproval(feed, text);
      } else if (event.kind === "policy-published") {
        for (const each of this.#of(event.org)) each.announcePolicy();
      } else if (event.kind === "agent-tagged") {
        this.#byAgent.get(event.agent)?.announcePolicy();
      } else if (event.kind === "feed-begun") {
        for (const each of this.#following()) each.beginAnew(event.feed);
      }
    }
  }

  /** Sessions of an org's agents. */
  #of(org: string): readonly Session[] {
    return [...this.#sessions].filter(({ live }) => live?.agent.org === org);
  }

  /** What the agents follow that are there by now. */
  *#following(): Iterable<Following> {
    for (const { live } of this.#sessions) if (live) yield live.following;
  }

  /** Agents of the same feeds hear the same of them: one frame for all of them. */
  #beat(): void {
    const words = new Map<string, Word>();
    for (const session of this.#sessions) {
      const feeds = session.live?.following.feeds;
      if (feeds === undefined) continue;
      const key = feeds.join(" ");
      const word = words.get(key) ?? new Word(this.#ports, feeds);
      words.set(key, word);
      session.beat(word);
    }
  }

  /**
   * Sends all agents away, and says when and where they are to come back; those of
   * version 1 are told the window only.
   */
  #sendAway(): void {
    for (const session of [...this.#sessions]) {
      session.drain(STOPPING);
      session.close("shutting-down");
    }
  }
}

/** Agents of a cloud that stops come back spread over so long. */
const STOPPING: DrainOrder = { afterMs: 0, windowMs: 10_000, urls: [] };
