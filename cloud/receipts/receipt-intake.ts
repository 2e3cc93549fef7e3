import type { Logger } from "../../agent/log/logger.js";
import type { FeedName, Position } from "../../agent/model/position.js";
import type { Hello, Receipt } from "../../agent/protocol/documents.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type {
  DeviceWord,
  DivergenceSeen,
  ObservationEvent,
  RefusalGiven,
} from "../journal/observation-events.js";
import { AgentBudgets } from "../rate/agent-budgets.js";
import type { Agent } from "../registry/registry.js";
import { policyIn } from "./kept-receipt.js";
import type { LatestReceipt } from "./receipts.js";

export interface ReceiptIntakePorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the cloud's own segment that ends there, in hex; undefined: none does. */
  hashAt(feed: FeedName, epoch: string, offset: number): string | undefined;
  /** Where the cloud's own feed stands. */
  standing(feed: FeedName): Pick<Position, "epoch" | "offset"> | undefined;
  /** How far the agent's receipts of the epoch go; undefined without any. */
  newest(
    agent: string,
    feed: FeedName,
    epoch: string,
  ): LatestReceipt | undefined;
  /** Something was over a budget. */
  dropped(what: "answers-over-budget"): void;
  /** Takes an event down, soon. */
  note(event: ObservationEvent): void;
}

/** How an agent came. */
export interface Arrival {
  /** Of its program. */
  readonly version: string;
  /** Version of the protocol that it speaks. */
  readonly protocol: 1 | 2;
}

/**
 * What became of a genuine receipt. `known`: one that says as much is there;
 * `not-ours`: it is of an epoch that is past, or beyond where this cloud stands.
 */
export type ReceiptFate =
  "kept" | "known" | "diverges" | "not-ours" | "too-large" | "over-budget";

/** Picks what is news from what agents say: the journal keeps it for ever. */
export class ReceiptIntake {
  readonly #ports: ReceiptIntakePorts;
  readonly #answers: AgentBudgets;
  readonly #bytes: AgentBudgets;
  /** By agent and feed, as far as this process has heard. */
  readonly #newest = new Map<string, LatestReceipt & { epoch: string }>();
  readonly #seenAt = new Map<string, number>();
  /** By agent and feed: what was told of it. */
  readonly #divergent = new Map<string, string>();

  constructor(ports: ReceiptIntakePorts) {
    this.#ports = ports;
    this.#answers = new AgentBudgets(ANSWERS, ports.clock);
    this.#bytes = new AgentBudgets(ANSWER_BYTES, ports.clock);
  }

  /**
   * A receipt that is genuine; it is kept when it goes beyond the last one, or
   * says of the same place that the host enforces now, or no longer does, or goes
   * by another policy.
   */
  receipt(receipt: Receipt, evidence: DeviceWord): ReceiptFate {
    const { agent, position, mode } = receipt;
    const policy = policyIn(receipt);
    const { feed, epoch, offset } = position;
    const told = { document: "receipt", agent, ...evidence } as const;
    if (this.#isTooLarge(receipt, evidence.signed)) return "too-large";
    if (this.#diverges(position, told)) return "diverges";
    if (!this.#isOurs(receipt)) return "not-ours";
    const newest = this.#newestOf(agent, position);
    if (newest !== undefined && !isNews({ offset, mode, policy }, newest)) {
      return "known";
    }
    if (!this.#affords(agent, Buffer.byteLength(evidence.signed))) {
      return "over-budget";
    }
    this.#newest.set(`${agent} ${feed}`, { epoch, offset, mode, policy });
    this.#ports.note({ kind: "receipt", agent, ...evidence });
    return "kept";
  }

  /** Where an agent says that it stands, each time it comes. */
  hello(
    { agent, positions }: Pick<Hello, "agent" | "positions">,
    evidence: DeviceWord,
  ): void {
    const told = { document: "hello", agent, ...evidence } as const;
    for (const position of positions) this.#diverges(position, told);
  }

  refusal(refusal: Omit<RefusalGiven, "kind">): void {
    if (!this.#affords(refusal.agent)) return;
    this.#ports.log.warn("agent refused", refusal);
    this.#ports.note({ kind: "refusal", ...refusal });
  }

  /** An agent has come; only now and then is that worth a line. */
  seen(known: Agent, { version, protocol }: Arrival): void {
    const { id: agent, lastSeen, leftAt } = known;
    const now = this.#ports.clock.now();
    const before = this.#seenAt.get(agent) ?? lastSeen;
    const recently = before !== null && now - before < SEEN_EVERY_MS;
    const isSame = version === known.version && protocol === known.protocol;
    if (recently && isSame && leftAt === null) return;
    if (!this.#affords(agent)) return;
    this.#seenAt.set(agent, now);
    const spoken = protocol === 2 ? { protocol } : {};
    this.#ports.note({ kind: "agent-seen", agent, version, ...spoken });
  }

  /** An agent goes; it is not waited for until it comes again. */
  left(agent: string, word: DeviceWord): void {
    if (!this.#affords(agent)) return;
    this.#ports.note({ kind: "agent-left", agent, ...word });
  }

  /**
   * Whether an agent took in what this cloud's log does not have: somebody else
   * signs with its keys, or it lost a part of its own history.
   */
  #diverges(
    { feed, epoch, offset, hash: theirs }: Receipt["position"],
    told: Pick<DivergenceSeen, "agent" | "document"> & DeviceWord,
  ): boolean {
    if (offset === 0) return false;
    const standing = this.#ports.standing(feed);
    const ours = this.#ports.hashAt(feed, epoch, offset) ?? null;
    if (ours === theirs) return false;
    // Of an epoch that is past, not everything need be known any more.
    if (ours === null && standing?.epoch !== epoch) return false;
    const { agent } = told;
    const place = `${epoch}/${offset} ${theirs}`;
    if (this.#divergent.get(`${agent} ${feed}`) === place) return true;
    if (!this.#affords(agent, Buffer.byteLength(told.signed))) return true;
    this.#divergent.set(`${agent} ${feed}`, place);
    const facts = { feed, epoch, offset, theirs, ours };
    const what = "an agent holds a history that is not this cloud's";
    this.#ports.log.error(what, { agent, ...facts });
    this.#ports.note({ kind: "divergence", ...told, ...facts });
    return true;
  }

  #isTooLarge({ agent }: Receipt, signed: string): boolean {
    const bytes = Buffer.byteLength(signed);
    if (bytes <= MOST_RECEIPT_BYTES) return false;
    this.#ports.log.warn("receipt not kept", { agent, bytes });
    return true;
  }

  #isOurs({ agent, position }: Receipt): boolean {
    const { feed, epoch, offset } = position;
    const standing = this.#ports.standing(feed);
    if (standing?.epoch === epoch && offset <= standing.offset) return true;
    const facts = { agent, feed, epoch, offset };
    this.#ports.log.warn("receipt not kept", facts);
    return false;
  }

  #newestOf(agent: string, at: Receipt["position"]): LatestReceipt | undefined {
    const { feed, epoch } = at;
    const heard = this.#newest.get(`${agent} ${feed}`);
    if (heard?.epoch === epoch) return heard;
    return this.#ports.newest(agent, feed, epoch);
  }

  /** Both by number and by bytes, of one agent. */
  #affords(agent: string, bytes = SMALL_BYTES): boolean {
    const room = this.#bytes.of(agent);
    if (room.holds(bytes) && this.#answers.of(agent).take()) {
      return room.take(bytes);
    }
    this.#ports.dropped("answers-over-budget");
    return false;
  }
}

const isNews = (said: LatestReceipt, before: LatestReceipt): boolean =>
  said.offset > before.offset ||
  (said.offset === before.offset &&
    (said.mode !== before.mode || said.policy !== before.policy));

/** A receipt that names 64 held bans has ten thousand. */
const MOST_RECEIPT_BYTES = 16 * 1024;

const SEEN_EVERY_MS = 60 * 60 * 1000;

/** What one agent may add to the journal; a later receipt stands for those lost. */
const ANSWERS = { perSecond: 2, burst: 1_000 };

/** The same in bytes: 22 MB a day, of receipts of some 600 bytes 36,000. */
const ANSWER_BYTES = { perSecond: 256, burst: 4 * 1024 * 1024 };

/** Of what carries no evidence. */
const SMALL_BYTES = 512;
