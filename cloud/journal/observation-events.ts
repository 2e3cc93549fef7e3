import type { FeedName } from "../../agent/model/position.js";
import type { RefusalCode } from "../../agent/protocol/refusals.js";
import type { ReportedItem } from "../../agent/protocol/telemetry-v2.js";
import type { Gone, Recorded } from "./recorded.js";

/**
 * What agents said, or were seen to do. Released shapes are frozen: what was
 * written down is read by every later version.
 */
export type ObservationEvent =
  | AgentSeen
  | AgentLeft
  | AgentBooted
  | AgentCloned
  | ReceiptGiven
  | DivergenceSeen
  | RefusalGiven
  | TelemetryTaken;

/** By which an observation is known: taken in again, it changes nothing. */
export interface ObservationKey {
  readonly agent: string;
  /**
   * Of telemetry: the agent's own. Of a signed document: the SHA-256 of what was
   * signed, in hex. Of a start: its UUID. The others draw one.
   */
  readonly spool: string;
  /** Of telemetry: of its first item, from 1. The others count from 0. */
  readonly number: number;
}

export interface Observation extends ObservationKey {
  readonly event: ObservationEvent;
}

/** An observation as it is read back. */
export type RecordedObservation = ObservationKey &
  Recorded<ObservationEvent | Gone>;

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

/** An agent said that its host goes. */
export interface AgentLeft extends DeviceWord {
  readonly kind: "agent-left";
  readonly agent: string;
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
  /** As the agent said it, what is not known of here included. */
  readonly items: readonly ReportedItem[];
}

/** Whether the device signed it: a word of its own, and no mere report. */
export const isSigned = ({ kind }: ReportedItem): boolean =>
  kind === "statement";
