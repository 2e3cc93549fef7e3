import type * as v from "valibot";
import type { Outcome } from "./ban-walk.js";
import { formatCidr } from "./model/cidr.js";
import type { FeedName, Position } from "./model/position.js";
import type { Receipt } from "./protocol/documents.js";
import { limits } from "./protocol/limits.js";
import type { AgentMessage } from "./protocol/messages.js";
import type { WirePosition } from "./protocol/shapes.js";
import type { SigningKey } from "./trust/keys.js";
import { signAsDevice } from "./trust/sign.js";
import type { Session } from "./uplink/uplink.js";

/** Who signs, and what enforces. */
export interface ReceiptAuthor {
  readonly agent: string;
  readonly backend: Receipt["backend"];
  readonly deviceKey: SigningKey;
}

export type Enforced = Outcome & { readonly kind: "enforced" };

/** What the ledger remembers of an outcome whose receipt may not have arrived. */
export interface EarlierOutcome {
  readonly position: Position;
  readonly revision: number;
  readonly banned: number;
  readonly lifted: number;
  readonly expired: number;
  readonly held: number;
  /** Unix seconds. */
  readonly recordedAt: number;
}

/**
 * The newest receipt of each feed. A receipt says that the kernel holds all up
 * to its position, so the newest is enough, and saying it twice does no harm.
 */
export class Receipts {
  readonly #author: ReceiptAuthor;
  readonly #newest = new Map<FeedName, AgentMessage>();
  #session: Pick<Session, "send"> | undefined;

  constructor(author: ReceiptAuthor) {
    this.#author = author;
  }

  /**
   * Says from now on what comes into force, and at once all that a link before
   * may have lost.
   */
  sayTo(session: Pick<Session, "send">): void {
    this.#session = session;
    for (const message of this.#newest.values()) session.send(message);
  }

  /** Signs and says the receipt of what has come into force. */
  give(outcome: Enforced): Receipt {
    const { agent, backend, deviceKey } = this.#author;
    const receipt = receiptOf(outcome, { agent, backend });
    const signed = signAsDevice("receipt", receipt, deviceKey);
    const message: AgentMessage = { type: "receipt", ...signed };
    this.#newest.set(outcome.position.feed, message);
    this.#session?.send(message);
    return receipt;
  }

  /** Takes up what was recorded earlier, and is in force by now. */
  recall(outcomes: readonly EarlierOutcome[], nowMs: number): void {
    for (const { position, held, recordedAt, ...counts } of outcomes) {
      const receivedAt = recordedAt * 1000;
      this.give({
        kind: "enforced",
        position,
        recorded: { ...counts, heldTotal: held, held: [] },
        receivedAt,
        recordedMs: 0,
        enforcedMs: Math.max(0, nowMs - receivedAt),
      });
    }
  }
}

export function wirePosition({
  feed,
  epoch,
  offset,
  hash,
}: Position): v.InferOutput<typeof WirePosition> {
  return { feed, epoch, offset, hash: Buffer.from(hash).toString("hex") };
}

function receiptOf(
  outcome: Enforced,
  author: Pick<Receipt, "agent" | "backend">,
): Receipt {
  const { position, recorded, receivedAt, recordedMs, enforcedMs } = outcome;
  return {
    ...author,
    position: wirePosition(position),
    revision: recorded.revision,
    banned: recorded.banned,
    lifted: recorded.lifted,
    expired: recorded.expired,
    heldTotal: recorded.heldTotal,
    held: recorded.held
      .slice(0, limits.receiptHeld)
      .map(({ cidr, held }) => ({ range: formatCidr(cidr), rule: held })),
    receivedAt: Math.floor(receivedAt),
    recordedMs,
    enforcedMs,
  };
}
