import type { Mode } from "../../agent/model/mode.js";
import type { FeedName } from "../../agent/model/position.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { CallMade } from "./call-events.js";
import type { OperatorEvent } from "./operator-events.js";
import type { ContestEvent } from "./contest-events.js";
import type { PolicyPublished } from "./policy-events.js";
import type { Gone, Recorded } from "./recorded.js";
import type { AgentTagged } from "./registry-events.js";
import type { RuleEvent } from "./rule-events.js";
import type { TwoPersonEvent } from "./two-person-events.js";
import type { WeightEvent } from "./weight-events.js";
import type { Undone } from "./undo-events.js";

/**
 * What somebody decided, or what follows from it, in one order. Released shapes
 * are frozen: what was written down is read by every later version.
 */
export type DecisionEvent =
  | CallMade
  | OperatorEvent
  | TwoPersonEvent
  | WeightEvent
  | Undone
  | ContestEvent
  | RuleEvent
  | { readonly kind: "org-added"; org: string; name: string }
  | TokenMade
  | AgentEnrolled
  | AgentRekeyed
  | ClonesCleared
  | AgentRevoked
  | AgentTagged
  | { readonly kind: "agent-forgotten"; agent: string; by: string }
  | { readonly kind: "feed-begun"; feed: FeedName; epoch: string }
  | Decided
  | Proposed
  | ProposalSettled
  | RateReached
  | SegmentSealed
  | ApprovalPublished
  | PolicyPublished
  | RootPublished
  | LogBegun
  | ObservationsDigested
  | Erased;

/** A decision as it is read back. */
export type RecordedDecision = Recorded<DecisionEvent | SegmentEmptied | Gone>;

export interface TokenMade {
  readonly kind: "token-made";
  /** SHA-256 of the secret, in hex: the secret itself is nowhere. */
  readonly tokenHash: string;
  readonly org: string;
  readonly expiresAt: number;
  readonly by: string;
  /** Version of the root that it pins; absent while there was only the first. */
  readonly root?: number;
  /** What it is for, in the words of who made it. */
  readonly label?: string;
  /** What it proposes that the host begins with. */
  readonly mode?: Mode;
  /** How many hosts come in by it; absent: one. */
  readonly uses?: number;
  /** What those hosts are called by beside their names; absent: nothing. */
  readonly tags?: readonly string[];
  /** Where they come from, as CIDR ranges; absent: from anywhere. */
  readonly networks?: readonly string[];
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
  /**
   * How far the observations went that it was decided on; absent of what is older
   * than they are by themselves, where it is the event's own sequence number.
   */
  readonly seen?: number;
  /** What a rule decided on: sequence numbers of the telemetry. Rules only. */
  readonly evidence?: readonly number[];
  /** Whose sightings a rule counted; they share its rate. Rules only. */
  readonly orgs?: readonly string[];
  /** What each of them weighs; absent of what is older: all alike. Rules only. */
  readonly weights?: readonly number[];
  /** How sure it is, from 0 to 1. Rules only. */
  readonly confidence?: number;
  /** Version of the rules; absent: those that the settings say. Rules only. */
  readonly rules?: number;
  /** Hosts only count and report what is banned; absent: they drop it. */
  readonly observed?: true;
  /** Unix seconds: when the last of it ends; absent of lifts, and of what is older. */
  readonly until?: number;
  /** Name of the list that an import brought. */
  readonly list?: string;
  /**
   * How many bans of the list an import lifts because the list has them no more;
   * absent: it only adds.
   */
  readonly lifts?: number;
  /** The decision that it undoes: its ops are lifts and bans. */
  readonly undoes?: string;
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
  /** What each of them weighs; absent of what is older: all alike. */
  readonly weights?: readonly number[];
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
  /**
   * Of what a rule proposed and a person refused: it was not true. Whose word it
   * was counts less; absent: it may be true, and is not to be banned.
   */
  readonly wrong?: true;
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

/** An operator has seen to the clones of an agent that were told until then. */
export interface ClonesCleared {
  readonly kind: "clones-cleared";
  readonly agent: string;
  readonly by: string;
  /**
   * How far the observations went that were seen; absent of what is older than
   * they are by themselves, where it is the event's own sequence number.
   */
  readonly seen?: number;
}

/** A segment whose ops were erased: its place and its hash stay. */
export interface SegmentEmptied extends Omit<SegmentSealed, "kind" | "bytes"> {
  readonly kind: "segment-emptied";
}

/** A root came into force. */
export interface RootPublished {
  readonly kind: "root-published";
  readonly version: number;
  /** SHA-256 of its signed text, as tokens pin it. */
  readonly fingerprint: string;
  /** The signed text, as agents get it. */
  readonly text: SignedText;
  /** Ids of the keys that signed it. */
  readonly by: string;
}

/** The tree of all decisions goes by another name from here on. */
export interface LogBegun {
  readonly kind: "log-begun";
  /** 16 hex digits. */
  readonly log: string;
}

/** What agents reported has this root: it can be shown, and not be changed. */
export interface ObservationsDigested {
  readonly kind: "observed";
  /** Sequence numbers of observations; there are gaps. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** RFC 6962 over the commitments of these observations, in hex. */
  readonly root: string;
}

/** What was written down is gone for good, but for its commitment. */
export interface Erased {
  readonly kind: "erased";
  readonly of: "decisions" | "observations";
  readonly seq: number;
  /** Which op of a segment, from 0; absent: the whole event. */
  readonly op?: number;
  /** Of decisions: which leaves of the tree. */
  readonly leaves?: { readonly first: number; readonly count: number };
  /** Of observations: what the leaf of its batch commits to, in hex. */
  readonly commitment?: string;
  readonly by: string;
  readonly why: string;
}
