import type { FeedName } from "../../agent/model/position.js";

/** What one person orders and another decides on, and what was done all the same. */
export type TwoPersonEvent = OrderProposed | GlassBroken | GlassReviewed;

/** Why an order is not one person's alone. */
export interface Danger {
  readonly why: DangerName;
  /** For people, with the numbers and the first ranges. */
  readonly says: string;
}

export const dangerNames = [
  ...(["wide", "never-ban", "flows", "list", "limits"] as const),
  ...(["change"] as const),
] as const;
export type DangerName = (typeof dangerNames)[number];

/** An order as it was asked for: what a release carries out. */
export type ProposedOrder =
  ProposedBan | ProposedLift | ProposedImport | ProposedUndo | ProposedChange;

export interface ProposedBan {
  readonly action: "ban";
  readonly feed: FeedName;
  readonly ranges: readonly string[];
  /** Seconds, from the release on; null is for ever. */
  readonly lasts: number | null;
  readonly reason: string;
  readonly observed: boolean;
  /** Less than what stands is meant. */
  readonly replace: boolean;
  /** Seconds that each ring of hosts but the first waits for the one before. */
  readonly waits?: readonly [early: number, broad: number, all: number];
  /** Absent: what of it is large goes ring by ring by itself. */
  readonly atOnce?: true;
}

export interface ProposedLift {
  readonly action: "lift";
  readonly feeds: readonly FeedName[];
  readonly ranges: readonly string[];
  readonly reason: string;
  /** Bans that lie in the ranges, too. */
  readonly within: boolean;
}

export interface ProposedImport {
  readonly action: "import";
  readonly feed: FeedName;
  /** Absent: of no list. */
  readonly list?: string;
  readonly replace: boolean;
  /** Seconds, where the list says nothing; null is for ever. */
  readonly lasts: number | null;
  readonly reason: string;
  readonly observed: boolean;
  /** How many; they lie in a file, with so many bytes and this SHA-256 in hex. */
  readonly ranges: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Absent: what of it is large goes ring by ring by itself. */
  readonly atOnce?: true;
}

export interface ProposedUndo {
  readonly action: "undo";
  /** The decision, and the feed that it is of. */
  readonly undoes: string;
  readonly feed: FeedName;
  /** How many would have changed when it was proposed. */
  readonly ranges: number;
  readonly reason: string;
  readonly wrong: boolean;
}

/** A change of what decides, and no ban by itself. */
export interface ProposedChange {
  readonly action: "change";
  /** The kind of change, such as "rules": who carries it out knows the text. */
  readonly of: string;
  /** For people, in one line. */
  readonly says: string;
  /** All that it takes; whoever releases it reads the very text. */
  readonly text: string;
  /** The version that it takes the place of, and of no later one; absent: any. */
  readonly base?: number;
  /** The one org that it is about, whose people see it; absent: the vendor's. */
  readonly org?: string;
}

/** An operator ordered what takes a second person. */
export interface OrderProposed {
  readonly kind: "order-proposed";
  readonly proposal: string;
  readonly order: ProposedOrder;
  readonly dangers: readonly Danger[];
  /** "opr-…", and the name. */
  readonly operator: string;
  readonly by: string;
  /** Whose operator it is; null: the vendor's. */
  readonly org: string | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * An admin had carried out at once what takes a second person: one of each decision
 * that it came to.
 */
export interface GlassBroken {
  readonly kind: "glass-broken";
  readonly glass: string;
  readonly decision: string;
  readonly action: "ban" | "lift" | "import";
  /** The one that it was decided in. */
  readonly feeds: readonly FeedName[];
  readonly ranges: number;
  /** The first few of them. */
  readonly targets: readonly string[];
  readonly dangers: readonly Danger[];
  readonly operator: string;
  readonly by: string;
  readonly why: string;
  /** Until when its bans last, in ms since 1970; null of lifts. */
  readonly expiresAt: number | null;
}

/** What somebody found who looked at it later. */
export interface GlassReviewed {
  readonly kind: "glass-reviewed";
  readonly glass: string;
  readonly verdict: "justified" | "not-justified";
  readonly operator: string;
  readonly by: string;
  readonly reason: string;
  /** Who broke it reviewed it: there was nobody else. */
  readonly bySelf: boolean;
}
