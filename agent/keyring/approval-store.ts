import type { AgentEvents } from "../events/events.js";
import type { Raised } from "../guard/limits.js";
import { needsReopening } from "../ledger/damage.js";
import type { Ledger } from "../ledger/ledger.js";
import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { Ring } from "../protocol/documents.js";
import { Malformed } from "../protocol/malformed.js";
import { Refused } from "../protocol/refusals.js";
import { parseJson } from "../protocol/shapes.js";
import { SignedText } from "../protocol/signed-text.js";
import {
  unixSeconds,
  type BanClock,
  type UnixSeconds,
} from "../runtime/clock.js";
import { TrustedApproval } from "../trust/approval.js";
import { ringOf } from "../trust/ring.js";
import type { RootStore } from "./root-store.js";

/** What the critical keys allow feeds on this host; `now` is in Unix seconds. */
export interface Approvals {
  /** Whether the range, or one around it, may be banned by the feed by now. */
  allows(feed: FeedName, cidr: Cidr, now: UnixSeconds): boolean;
  /** What the feed may do beyond the limits. */
  limitsOf(feed: FeedName, now: UnixSeconds): Raised;
  /** Another text whenever one of the two may answer otherwise. */
  digest(now: UnixSeconds): string;
}

export interface ApprovalStorePorts {
  readonly agent: string;
  readonly feeds: readonly FeedName[];
  readonly roots: Pick<RootStore, "current" | "onTaken">;
  readonly ledger: Pick<
    Ledger,
    "approvals" | "keepApproval" | "forgetApproval"
  >;
  /** By whose time rings have their turn. */
  readonly clock: Pick<BanClock, "now">;
  readonly events: Pick<
    AgentEvents,
    | "approvalTaken"
    | "approvalRefused"
    | "approvalNotKept"
    | "approvalWithdrawn"
  >;
}

/** An approval that counts here, and what was signed. */
interface ActiveApproval {
  readonly approval: TrustedApproval;
  readonly text: SignedText;
}

/**
 * The newest approval of each feed: kept in the ledger, and believed no longer
 * than the newest root bears it out.
 */
export class ApprovalStore implements Approvals {
  readonly ring: Ring;
  readonly #ports: ApprovalStorePorts;
  #changed = (): void => undefined;
  readonly #standing = new Map<FeedName, ActiveApproval>();

  /** Takes up what an earlier run has kept. */
  constructor(ports: ApprovalStorePorts) {
    this.#ports = ports;
    this.ring = ringOf(ports.agent);
    for (const { feed, signed } of ports.ledger.approvals()) {
      this.#unlessRefused(feed, () => {
        const text = parseJson(SignedText, signed, `approval of ${feed}`);
        this.#standing.set(feed, { approval: this.#open(text), text });
      });
    }
    ports.roots.onTaken(() => this.#reconsider());
  }

  /** Has somebody told whenever recorded bans may be judged otherwise. */
  onChanged(listener: () => void): void {
    this.#changed = listener;
  }

  /** What counts here now, by feed. */
  get all(): readonly TrustedApproval[] {
    return [...this.#standing.values()].map(({ approval }) => approval);
  }

  allows(feed: FeedName, cidr: Cidr, now: UnixSeconds): boolean {
    const approval = this.#standing.get(feed)?.approval;
    return approval?.allows(cidr, this.ring, now * 1000) ?? false;
  }

  /** Whether any feed may ban the range now. */
  allowAny(cidr: Cidr): boolean {
    const now = this.#ports.clock.now();
    return this.all.some((each) => each.allows(cidr, this.ring, now));
  }

  limitsOf(feed: FeedName, now: UnixSeconds): Raised {
    const approval = this.#standing.get(feed)?.approval;
    return approval?.isGoodAt(now * 1000) === true ? approval.limits : {};
  }

  digest(now: UnixSeconds): string {
    return this.all
      .map((approval) => approval.standing(this.ring, now * 1000))
      .filter((text) => text !== "")
      .sort()
      .join("; ");
  }

  /** Takes an approval that was pushed; one that is known changes nothing. */
  hear(text: SignedText): void {
    const { clock, events, roots } = this.#ports;
    const now = clock.now();
    try {
      const approval = this.#open(text);
      roots.current.mustBeGoodAt(now);
      const held = this.#standing.get(approval.feed)?.approval;
      if (approval.fingerprint === held?.fingerprint) return;
      approval.mustReplace(held, now);
      this.#take({ approval, text });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      events.approvalRefused(error);
    }
  }

  /** In force before it is kept: what it takes back must not wait for a disk. */
  #take({ approval, text }: ActiveApproval): void {
    const { ledger, events } = this.#ports;
    const { feed, version } = approval.document;
    this.#standing.set(feed, { approval, text });
    try {
      ledger.keepApproval({ feed, version, signed: JSON.stringify(text) });
    } catch (error) {
      if (needsReopening(error)) throw error;
      events.approvalNotKept(feed, version, error);
    }
    events.approvalTaken(feed, version, approval.size);
    this.#changed();
  }

  /** A root has come: a key that it does not list takes its approvals along. */
  #reconsider(): void {
    const before = this.#standing.size;
    for (const [feed, { text }] of [...this.#standing]) {
      this.#unlessRefused(feed, () => void this.#open(text));
    }
    if (this.#standing.size < before) this.#changed();
  }

  #open(text: SignedText): TrustedApproval {
    const { roots, feeds } = this.#ports;
    return TrustedApproval.open(text, roots.current, feeds);
  }

  #unlessRefused(feed: FeedName, open: () => void): void {
    const { ledger, events } = this.#ports;
    try {
      open();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#standing.delete(feed);
      ledger.forgetApproval(feed);
      events.approvalWithdrawn(feed, error);
    }
  }
}

/** What a feed's approvals are to the guard at one moment. */
export const approvedBy =
  (
    approvals: Pick<Approvals, "allows">,
    feed: FeedName,
    clock: Pick<BanClock, "now">,
  ) =>
  (cidr: Cidr): boolean =>
    approvals.allows(feed, cidr, unixSeconds(clock.now()));

const isRefusal = (error: unknown): error is Refused | Malformed =>
  error instanceof Refused || error instanceof Malformed;
