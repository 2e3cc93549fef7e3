import type { AgentEvents } from "../events/events.js";
import type { Raised } from "../guard/limits.js";
import { needsReopening } from "../ledger/damage.js";
import type { Ledger } from "../ledger/ledger.js";
import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { Ring } from "../model/rings.js";
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
  /** Changes whenever one of the two may answer otherwise. */
  digest(now: UnixSeconds): string;
}

export interface ApprovalStorePorts {
  readonly agent: string;
  readonly feeds: () => readonly FeedName[];
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
 *
 * `hear` checks in the order of PROTOCOL.md, Approval: 1 to 3 as it opens
 * (trust/approval.ts), 4 the root's date and, unless the approval is known already,
 * its own, 5 its version. A new root has steps 1 to 3 taken again of what is kept.
 */
export class ApprovalStore implements Approvals {
  readonly ring: Ring;
  readonly #ports: ApprovalStorePorts;
  #changed = (): void => undefined;
  readonly #active = new Map<FeedName, ActiveApproval>();

  /** Takes up what an earlier run has kept. */
  constructor(ports: ApprovalStorePorts) {
    this.#ports = ports;
    this.ring = ringOf(ports.agent);
    for (const { feed, signed } of ports.ledger.approvals()) {
      this.#unlessRefused(feed, () => {
        const text = parseJson(SignedText, signed, `approval of ${feed}`);
        this.#active.set(feed, { approval: this.#open(text), text });
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
    return [...this.#active.values()].map(({ approval }) => approval);
  }

  allows(feed: FeedName, cidr: Cidr, now: UnixSeconds): boolean {
    const approval = this.#active.get(feed)?.approval;
    return approval?.allows(cidr, this.ring, now * 1000) ?? false;
  }

  /** Whether any feed may ban the range now. */
  allowAny(cidr: Cidr): boolean {
    const now = this.#ports.clock.now();
    return this.all.some((each) => each.allows(cidr, this.ring, now));
  }

  limitsOf(feed: FeedName, now: UnixSeconds): Raised {
    const approval = this.#active.get(feed)?.approval;
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
      const approval = this.#open(text); // steps 1 to 3
      roots.current.mustBeGoodAt(now); // step 4
      const held = this.#active.get(approval.feed)?.approval;
      if (approval.fingerprint === held?.fingerprint) return;
      approval.mustReplace(held, now); // steps 4 and 5
      this.#take({ approval, text });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      events.approvalRefused(error);
    }
  }

  /** In force before it is on the disk: what it takes back must not wait for a disk. */
  #take({ approval, text }: ActiveApproval): void {
    const { ledger, events } = this.#ports;
    const { feed, version } = approval.document;
    this.#active.set(feed, { approval, text });
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
    const before = this.#active.size;
    for (const [feed, { text }] of [...this.#active]) {
      this.#unlessRefused(feed, () => void this.#open(text));
    }
    if (this.#active.size < before) this.#changed();
  }

  #open(text: SignedText): TrustedApproval {
    const { roots, feeds } = this.#ports;
    return TrustedApproval.open(text, roots.current, feeds());
  }

  #unlessRefused(feed: FeedName, open: () => void): void {
    const { ledger, events } = this.#ports;
    try {
      open();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#active.delete(feed);
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
