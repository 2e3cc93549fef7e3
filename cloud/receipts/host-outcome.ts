import type { Receipt } from "../../agent/protocol/documents.js";
import type { Statement } from "../../agent/protocol/statement.js";
import type { TrialEnd } from "../telemetry/statements.js";
import type { TakenBack } from "../telemetry/telemetry.js";
import type { HeldCounts } from "./held-by-policy.js";

/**
 * What became of a decision on a host, as far as the cloud was told.
 * - `in-force`: read back from the kernel, all of it.
 * - `observed`: the host counts, and drops nothing.
 * - `on-trial`: in force, and taken back unless the host is seen to live on.
 * - `taken-back`: the host did not, and holds it.
 * - `held`, `held-in-part`: guards hold it, or some of it, and say which rule.
 * - `ring`: it waits until its ring has its turn.
 * - `not-enforcing`: its kernel does not hold what it should, its health tells.
 * - `released`, `rolled-back`: the host's operator had the last word.
 * - `passed`: taken in; the host's receipt is of a later change.
 * - `refused`: the host did not believe it.
 * - `waiting`: it is connected, and has not answered. `offline`: it is not there.
 */
export const hostStates = [
  ...(["in-force", "observed", "on-trial", "taken-back", "held"] as const),
  ...(["held-in-part", "passed", "refused", "waiting", "offline"] as const),
  ...(["ring", "released", "rolled-back", "not-enforcing"] as const),
] as const;
export type HostState = (typeof hostStates)[number];

/**
 * How sure that is. `proven`: a document says so that the device signed;
 * `inferred`: it follows from one; `said`: the host said it, and signed nothing.
 */
export const degrees = ["proven", "inferred", "said"] as const;
export type Degree = (typeof degrees)[number];

/** `behind`: it is here, and earlier changes of the feed are missing as well. */
export const absences = ["offline", "behind", "silent"] as const;
export type Absence = (typeof absences)[number];

export interface HostOutcome extends Said {
  readonly agent: string;
  readonly hostname: string;
  readonly org: string;
  readonly connected: boolean;
  /** When it was last heard: milliseconds since 1970; null: never, or it is here. */
  readonly offlineSince: number | null;
  /** It was enrolled after the decision, which waited for nobody who was to come. */
  readonly late: boolean;
  /** When the cloud had its first receipt of it, or of what came later. */
  readonly provedAt: number | null;
  /** Why there is no answer, and since when; null: there is one. */
  readonly missing: Absence | null;
  readonly missingSince: number | null;
}

export interface Said {
  readonly state: HostState;
  /** Null: nothing was said. */
  readonly sure: Degree | null;
  /** Milliseconds from the last byte to the kernel's read-back. */
  readonly enforcedMs: number | null;
  /** How many bans of it are held, by rule. */
  readonly held: HeldCounts;
  /** A refusal's code and detail, why it was taken back, until when it is tried. */
  readonly detail: string;
}

/** A receipt as it was taken down. */
export interface Answer {
  /** Its place among the observations, and when it came there. */
  readonly seq: number;
  readonly at: number;
  readonly receipt: Receipt;
}

/** A statement as it was taken down. */
export interface StatedSince {
  readonly seq: number;
  readonly statement: Statement;
}

/** What a host said of a decision. */
export interface Heard {
  /** Its receipts within the decision, one a place. */
  readonly during: readonly Answer[];
  /** Its receipts go beyond it. */
  readonly isBeyond: boolean;
  /** Its newest refusal of the feed since. */
  readonly refusal:
    { readonly code: string; readonly detail: string } | undefined;
}

export interface Around {
  /** As the host's health told it: of one feed, and no change in particular. */
  readonly takenBack: readonly TakenBack[];
  /** As the device stated it, of this very change. */
  readonly trialEnds: readonly TrialEnd[];
  /** What it stated since the decision, the oldest first. */
  readonly stated: readonly StatedSince[];
  /** How many bans of it the policy holds that the host goes by, by rule. */
  readonly byPolicy: HeldCounts;
  /** Its newest receipt of the feed. */
  readonly newest: Pick<Receipt, "mode"> & { readonly seq: number };
  /** Its health's word that the kernel does not hold the bans; undefined: it does. */
  readonly notEnforcing: string | undefined;
  /** When the host's ring has its turn: milliseconds since 1970; null: at once. */
  readonly ringAt: number | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}
