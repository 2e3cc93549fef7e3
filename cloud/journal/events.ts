import type { FeedName } from "../../agent/model/position.js";
import type { RefusalCode } from "../../agent/protocol/refusals.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { TelemetryItem } from "../../agent/protocol/telemetry.js";

/**
 * Everything that ever happened in this cloud. Released shapes are frozen: a
 * journal is read by every later version.
 */
export type Event =
  | { readonly kind: "operator-added"; name: string; tokenHash: string }
  | { readonly kind: "org-added"; org: string; name: string }
  | TokenMade
  | AgentEnrolled
  | AgentSeen
  | AgentRekeyed
  | AgentBooted
  | AgentCloned
  | { readonly kind: "clones-cleared"; agent: string; by: string }
  | AgentRevoked
  | { readonly kind: "agent-forgotten"; agent: string; by: string }
  | { readonly kind: "feed-begun"; feed: FeedName; epoch: string }
  | Decided
  | Proposed
  | ProposalSettled
  | RateReached
  | SegmentSealed
  | ApprovalPublished
  | ReceiptGiven
  | DivergenceSeen
  | RefusalGiven
  | TelemetryTaken;

export interface TokenMade {
  readonly kind: "token-made";
  /** SHA-256 of the secret, in hex: the secret itself is nowhere. */
  readonly tokenHash: string;
  readonly org: string;
  readonly expiresAt: number;
  readonly by: string;
  /** Version of the root that it pins; absent while there was only the first. */
  readonly root?: number;
}

export interface AgentEnrolled {
  readonly kind: "agent-enrolled";
  readonly agent: string;
  readonly org: string;
  readonly tokenHash: string;
  readonly publicKey: string;
  readonly hostname: string;
  readonly system: string;
  readonly version: string;
}

/** An agent has come. */
export interface AgentSeen {
  readonly kind: "agent-seen";
  readonly agent: string;
  readonly version: string;
  /** Of the protocol that it spoke, where that was not version 1. */
  readonly protocol?: 2;
}

/** A document as the device signed it: evidence, kept to the byte. */
export interface DeviceWord {
  readonly signed: string;
  readonly signature: string;
  /** Version of the protocol that it was signed in; absent: 1. */
  readonly protocol?: 2;
}

/** One start of an agent's process, as the cloud saw it come. */
export interface BootSeen {
  /** The UUID that it drew. */
  readonly boot: string;
  readonly version: string;
  /** Where the connection came from. */
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly seenAt: number;
}

/** A start that was not here before. */
export interface AgentBooted extends BootSeen {
  readonly kind: "agent-booted";
  readonly agent: string;
}

/** A start came back after a newer one was here: two processes, one key. */
export interface AgentCloned extends DeviceWord {
  readonly kind: "agent-cloned";
  readonly agent: string;
  readonly returned: BootSeen;
  /** The hello of the one that came back is the device's word. */
  readonly newer: BootSeen;
}

export interface AgentRevoked {
  readonly kind: "agent-revoked";
  readonly agent: string;
  readonly by: string;
  /** Absent where none was given. */
  readonly reason?: string | undefined;
}

/** A device is known by another key from here on. */
export interface AgentRekeyed {
  readonly kind: "agent-rekeyed";
  readonly agent: string;
  readonly publicKey: string;
  /** As the device signed it with both keys: evidence, kept to the byte. */
  readonly signed: string;
  readonly signature: string;
  readonly proof: string;
}

/**
 * An operator's word, or a rule's; the segments that carry it out follow in the
 * same append.
 */
export interface Decided {
  readonly kind: "decided";
  readonly decision: string;
  readonly action: "ban" | "lift" | "import";
  readonly feed: FeedName;
  /** An operator's name, or "rule:" and a rule's. */
  readonly by: string;
  readonly ranges: number;
  readonly reason: string;
  /** What a rule decided on: sequence numbers of the telemetry. Rules only. */
  readonly evidence?: readonly number[];
  /** Whose sightings a rule counted; they share its rate. Rules only. */
  readonly orgs?: readonly string[];
  /** Hosts only count and report what is banned; absent: they drop it. */
  readonly observed?: true;
  /** Unix seconds; absent of lifts, of what is older, and where ranges differ. */
  readonly until?: number;
  /** Name of the list that an import brought. */
  readonly list?: string;
  /**
   * How many bans of the list an import lifts because the list has them no more;
   * absent: it only adds.
   */
  readonly lifts?: number;
}

/** Why a person decides on an attacker, and not a rule. */
export type Veto =
  /** The operator's file says so. */
  | { readonly why: "never-list" }
  /** Many share the address: a list of the guard's has it. */
  | { readonly why: "tier"; readonly tier: string }
  /** A customer's agent connects from there. */
  | { readonly why: "agent"; readonly agent: string; readonly org: string }
  /** A host's guard held a ban on it. */
  | {
      readonly why: "held";
      readonly agent: string;
      readonly org: string;
      readonly rule: string;
    };

/** A rule wants a ban that it may not decide on. */
export interface Proposed {
  readonly kind: "proposed";
  readonly proposal: string;
  readonly attacker: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** "rule:" and a rule's name. */
  readonly rule: string;
  readonly reason: string;
  readonly orgs: readonly string[];
  readonly evidence: readonly number[];
  readonly veto: Veto;
}

/** What a person said to a proposal. */
export interface ProposalSettled {
  readonly kind: "proposal-settled";
  readonly proposal: string;
  readonly verdict: "released" | "refused";
  readonly by: string;
  readonly reason: string;
  /** Of the ban, where it was released. */
  readonly decision?: string;
}

/** Rules could not ban all that they wanted: who had a part in most of it. */
export interface RateReached {
  readonly kind: "rate-reached";
  readonly maxPerMinute: number;
  /** Those with the most bans in the minute before. */
  readonly orgs: readonly { readonly org: string; readonly bans: number }[];
}

export interface SegmentSealed {
  readonly kind: "segment";
  readonly decision: string;
  readonly feed: FeedName;
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  /** The signed container, exactly as agents get it. */
  readonly bytes: Uint8Array;
}

/** What the critical keys allow a feed from here on. */
export interface ApprovalPublished {
  readonly kind: "approval";
  readonly feed: FeedName;
  readonly version: number;
  /** The signed text, as agents get it. */
  readonly text: SignedText;
  readonly by: string;
}

export interface ReceiptGiven extends DeviceWord {
  readonly kind: "receipt";
  readonly agent: string;
}

/** An agent holds a history that this cloud's feed never had. */
export interface DivergenceSeen extends DeviceWord {
  readonly kind: "divergence";
  readonly agent: string;
  /** The hello or receipt that says so, as the device signed it. */
  readonly document: "hello" | "receipt";
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  /** What the agent has there, and what the cloud has; null: nothing. */
  readonly theirs: string;
  readonly ours: string | null;
}

export interface RefusalGiven {
  readonly kind: "refusal";
  readonly agent: string;
  readonly feed: FeedName;
  readonly code: RefusalCode;
  readonly detail: string;
}

/** What an agent reported, each item exactly once. */
export interface TelemetryTaken {
  readonly kind: "telemetry";
  readonly agent: string;
  readonly org: string;
  readonly spool: string;
  /** Number of the first item in the spool; the others follow without gaps. */
  readonly first: number;
  /** As the agent said it; only readers mend its times. */
  readonly items: readonly TelemetryItem[];
}

/** An event, once it has its place in the order. */
export interface Recorded {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly event: Event;
}
