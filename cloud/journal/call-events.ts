import type { Role } from "./operator-events.js";

/**
 * Somebody called for what stands right behind it, in the same append. Of what is
 * written down in several appends, each has one; `call` is the same.
 */
export interface CallMade {
  readonly kind: "call";
  /** "cal-…". */
  readonly call: string;
  /** Which operation of the API: its `operationId`. */
  readonly operation: string;
  /** "opr-…", and the name that they had then. */
  readonly operator: string;
  readonly name: string;
  readonly role: Role;
  /** Whose operator it was; null: the vendor's. */
  readonly org: string | null;
  /** What proved who they were: "tok-…" or "ses-…". */
  readonly credential: string;
  /** The address that they came from, or "socket": by the cloud's own folder. */
  readonly from: string;
  /** In their words; empty: nothing. */
  readonly why: string;
  /**
   * What stood before, as JSON; null: nothing, or it shows in the events. What has
   * more than `MOST_BEFORE_BYTES` is `Clipped`.
   */
  readonly before: unknown;
  /** How many events it made. */
  readonly made: number;
}

/** The beginning of what was longer. */
export interface Clipped {
  /** As JSON, cut off. */
  readonly clipped: string;
  /** How many bytes it had. */
  readonly bytes: number;
}

export const MOST_BEFORE_BYTES = 4_096;
