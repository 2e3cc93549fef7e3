import type * as v from "valibot";
import type { Ledger } from "../../ledger/ledger.js";
import type { Trial } from "../../ledger/trials.js";
import { formatCidr } from "../../model/cidr.js";
import type { Mode } from "../../model/mode.js";
import {
  hashToHex,
  type FeedName,
  type Position,
} from "../../model/position.js";
import type { PastOutcome } from "../../model/recorded.js";
import type { Receipt } from "../../protocol/documents.js";
import type { ReceiptV2 } from "../../protocol/documents-v2.js";
import { limits } from "../../protocol/limits.js";
import type { WirePosition } from "../../protocol/shapes.js";
import type { ProtocolVersion } from "../../protocol/signed-text.js";
import type { Clock, UnixMs } from "../../runtime/clock.js";
import type { SigningKey } from "../../trust/keys.js";
import { signAsDevice } from "../../trust/sign.js";
import type { Session } from "../../uplink/uplink.js";
import type { Enforced } from "./ban-walk.js";

/** Who signs, and what enforces. */
export interface ReceiptPorts {
  readonly agent: string;
  readonly backend: Receipt["backend"];
  /** What the kernel does about bans, now that it was read back. */
  mode(): Mode;
  /** Version of the customer's policy that counts here; undefined for none. */
  policy?(): number | undefined;
  /** Whether this host follows the feed; it does unless told. */
  follows?(feed: FeedName): boolean;
  /** What is in force for a trial only, and since which revision. */
  trials(): readonly Pick<Trial, "feed" | "revision" | "bans" | "until">[];
  readonly deviceKey: Pick<SigningKey, "sign">;
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
}

/** What the ledger remembers of an outcome whose receipt may not have arrived. */
export interface EarlierOutcome extends Omit<PastOutcome, "kind"> {
  readonly position: Position;
}

/**
 * At-least-once delivery of receipts. A receipt is cumulative: it says that the
 * kernel holds all up to its position, so the newest of each feed is enough. It is
 * idempotent: redelivery, as after each new connection, does no harm. No receipt is
 * acknowledged, hence redelivery instead of waiting. Receipts may be left out where
 * many follow each other; only those that name held bans, or a trial, are all
 * sent, as each names its own.
 */
export class Receipts {
  readonly #ports: ReceiptPorts;
  readonly #newest = new Map<FeedName, Receipt>();
  /** Feeds whose newest receipt is still to be said. */
  readonly #due = new Set<FeedName>();
  #session: Pick<Session, "send" | "wire"> | undefined;
  #saidAt = -Infinity;
  /** Version of the policy that was named last. */
  #policy: number | undefined;

  constructor(ports: ReceiptPorts) {
    this.#ports = ports;
  }

  /**
   * Sends from now on what comes into force, and at once the newest of each feed:
   * a link before may have lost it (redelivery).
   */
  sayTo(session: Pick<Session, "send" | "wire">): void {
    this.#session = session;
    for (const feed of this.#newest.keys()) this.#due.add(feed);
    this.#sayDue();
  }

  /** Makes the receipt of what has come into force, and says it soon. */
  give(outcome: Enforced): Receipt {
    const receipt = receiptOf(outcome, this.#ports);
    const { feed } = receipt.position;
    if (!this.#follows(feed)) return receipt;
    const isFirst = this.#due.size === 0;
    this.#newest.set(feed, receipt);
    this.#due.add(feed);
    const waitMs = this.#saidAt + PACE_MS - this.#ports.clock.monotonic();
    const isItsOwn = receipt.heldTotal > 0 || receipt.trial !== undefined;
    if (isItsOwn || waitMs <= 0) this.#sayDue();
    else if (isFirst) void this.#sayIn(waitMs);
    return receipt;
  }

  /** Forgets what was said of feeds that were left: their bans go with them. */
  keepOnly(feeds: readonly FeedName[]): void {
    for (const feed of this.#newest.keys()) {
      if (!feeds.includes(feed)) this.#newest.delete(feed);
    }
  }

  /** Says all of it again, should another policy count here than it names. */
  sayPolicy(): void {
    if (this.#ports.policy?.() === this.#policy) return;
    for (const feed of this.#newest.keys()) this.#due.add(feed);
    this.#sayDue();
  }

  /** Says again what was said in another mode than the host's present one. */
  restate(): void {
    const mode = this.#ports.mode();
    for (const [feed, receipt] of this.#newest) {
      if (receipt.mode === mode) continue;
      this.#newest.set(feed, { ...receipt, mode });
      this.#due.add(feed);
    }
    this.#sayDue();
  }

  /** Takes up what was recorded earlier, and is in force by now. */
  recall(outcomes: readonly EarlierOutcome[], nowMs: UnixMs): void {
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

  /** The newest of each feed, for whoever carries them where no link goes. */
  signedNewest(): readonly ReturnType<typeof signAsDevice>[] {
    const { deviceKey } = this.#ports;
    return [...this.#newest.values()].map((receipt) =>
      signAsDevice("receipt", this.#extended(receipt, 2), deviceKey, 2),
    );
  }

  /** What only version 2 has room for. */
  #extended(receipt: Receipt, version: ProtocolVersion): Receipt {
    const policy = this.#ports.policy?.();
    if (version === 1 || policy === undefined) return receipt;
    const extended: ReceiptV2 = {
      ...receipt,
      ext: { policy },
    };
    return extended;
  }

  /** Of a feed that was left while something of it was under way nothing is kept. */
  #follows(feed: FeedName): boolean {
    return this.#ports.follows?.(feed) ?? true;
  }

  async #sayIn(ms: number): Promise<void> {
    await this.#ports.clock.sleep(ms);
    this.#sayDue();
  }

  #sayDue(): void {
    const { deviceKey, clock } = this.#ports;
    if (this.#due.size === 0) return;
    for (const feed of this.#due) {
      const receipt = this.#newest.get(feed);
      if (receipt === undefined) continue; // of a feed that was left
      const version = this.#session?.wire.version ?? 1;
      const said = this.#extended(receipt, version);
      const signed = signAsDevice("receipt", said, deviceKey, version);
      this.#session?.send({ type: "receipt", ...signed });
    }
    this.#due.clear();
    this.#policy = this.#ports.policy?.();
    this.#saidAt = clock.monotonic();
  }
}

/** Half of the messages that the cloud takes in a second, for three feeds. */
const PACE_MS = 50;

export function wirePosition({
  feed,
  epoch,
  offset,
  hash,
}: Position): v.InferOutput<typeof WirePosition> {
  return { feed, epoch, offset, hash: hashToHex(hash) };
}

function receiptOf(
  outcome: Enforced,
  { agent, backend, ...ports }: ReceiptPorts,
): Receipt {
  const { position, recorded, receivedAt, recordedMs, enforcedMs } = outcome;
  const trial = ports
    .trials()
    .find(
      ({ feed, revision }) =>
        feed === position.feed && revision === recorded.revision,
    );
  return {
    agent,
    backend,
    mode: ports.mode(),
    position: wirePosition(position),
    revision: recorded.revision,
    banned: recorded.banned,
    observed: recorded.observed,
    lifted: recorded.lifted,
    expired: recorded.expired,
    heldTotal: recorded.heldTotal,
    held: recorded.held
      .slice(0, limits.receiptHeld)
      .map(({ cidr, held }) => ({ range: formatCidr(cidr), rule: held })),
    ...(trial && { trial: { bans: trial.bans, until: trial.until * 1000 } }),
    receivedAt: Math.floor(receivedAt),
    recordedMs,
    enforcedMs,
  };
}

/**
 * The kernel has been read back to hold the ledger at a revision: a receipt for
 * each feed that has not moved on since.
 */
export function recall(
  receipts: Receipts,
  ledger: Ledger,
  at: { readonly revision: number; readonly nowMs: UnixMs },
): void {
  const earlier = ledger.positions().flatMap((position) => {
    if (position.feed === "local") return []; // nobody's but this host's
    const outcome = ledger.newestOutcome(position.feed);
    if (outcome === undefined || outcome.revision > at.revision) return [];
    return [{ ...outcome, position }];
  });
  receipts.recall(earlier, at.nowMs);
}
