import type { RingTimes } from "../../agent/model/rings.js";
import type { TakenReceipt } from "../carry/carried-receipts.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { Decision } from "../decide/deeds.js";
import type { BanEffect, RangeBanned, RangeLifted } from "../decide/effects.js";
import type { ListReport } from "../lists/list.js";
import type { HostOutcome } from "../receipts/outcome.js";
import type { DetectionEntry } from "../telemetry/telemetry.js";

/** Where an order stands in its feed, should it have changed anything. */
export interface Placed {
  readonly decision: string | null;
  readonly feed: string;
  readonly epoch: string;
  readonly offset: number;
  readonly decidedAt: number | null;
  /** Nothing was done: this is what would be. */
  readonly dryRun: boolean;
}

export interface BanAnswer extends Placed {
  readonly effects: readonly RangeBanned[];
  /** When hosts begin, ring by ring: Unix seconds; null where all do at once. */
  readonly rings: RingTimes | null;
}

export interface LiftAnswer extends Placed {
  readonly allFeeds: boolean;
  readonly decisions: readonly Decision[];
  readonly effects: readonly RangeLifted[];
}

export interface ImportAnswer extends Placed, ListReport {
  readonly counts: Partial<Record<BanEffect, number>>;
  readonly held: Readonly<Record<string, number>>;
  readonly heldFirst: readonly {
    readonly range: string;
    readonly rule: string;
  }[];
  /** Of a replacement; null where the list only adds. */
  readonly replaced: null | {
    /** Ranges that the list brought before and that were banned still. */
    readonly before: number;
    readonly lifted: number;
    /** Those that the list has no more, but somebody else bans, too. */
    readonly kept: number;
  };
}

/** A ban as operators see it. */
export interface BanEntry {
  readonly range: string;
  readonly feed: string;
  /** Unix seconds. */
  readonly until: number;
  readonly observed: boolean;
  readonly rings: RingTimes | null;
  readonly reason: string;
  readonly decision: string;
}

export interface BansAnswer {
  readonly bans: readonly BanEntry[];
  readonly total: number;
  /** Where the next page begins; null after the last. */
  readonly cursor: string | null;
}

/** A decision, what a rule decided it on, and what became of it. */
export interface DecisionAnswer {
  readonly decision: DecisionEntry;
  readonly detections: readonly DetectionEntry[];
  readonly hosts: readonly HostOutcome[];
}

/** What became of receipts that were carried here. */
export interface TakenAnswer {
  readonly agent: string;
  readonly receipts: readonly TakenReceipt[];
}
