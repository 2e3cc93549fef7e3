import { isOfPolicy } from "../guard/guard.js";
import type { ReviewedBan } from "../model/reviewed.js";
import type { UnixSeconds } from "../runtime/clock.js";
import { NOT_CONFIRMED } from "./trials.js";

/** A ban as its feed has it. */
export interface StoredBan {
  readonly expiresAt: UnixSeconds;
  /** The rule that holds it. */
  readonly held: string | null;
  readonly observed: number;
  readonly recordedAt: number;
  readonly trial: number | null;
  /** When this host's ring has its turn; null where it needn't wait. */
  readonly ringAt: UnixSeconds | null;
  /** 1 where a sensor of this host decided on it. */
  readonly bySensor: number;
}

/** The same, and what became of its trial. */
export interface FoundBan extends StoredBan {
  readonly verdict: "open" | "passed" | "failed" | null;
}

/** Asked about every ban that is to come into force where none of its feed was. */
export interface Admission {
  /** The limit that it would go beyond, which holds it; otherwise it counts. */
  admit(ban: ReviewedBan): string | undefined;
  /**
   * This one is in force already, and stays so, until `until` at least: the limit
   * that keeps it from lasting longer.
   */
  keep(ban: ReviewedBan, until: UnixSeconds): string | undefined;
  /** Call what is returned to have nothing counted of what comes after this. */
  savepoint(): () => void;
}

export interface Succession {
  readonly now: UnixSeconds;
  readonly admission: Admission | undefined;
}

/** Of a copy, on exactly a range. */
export const HERE = "WHERE copy = ? AND addr = ? AND prefix = ?";

export const FIND = `SELECT expires_at AS expiresAt, held, observed,
    recorded_at AS recordedAt, trial, ring_at AS ringAt, by_sensor AS bySensor,
    (SELECT state FROM trials WHERE trials.id = bans.trial) AS verdict
  FROM bans ${HERE}`;

/** What becomes of a ban that a feed orders. */
export interface Succeeded {
  readonly stored: StoredBan;
  /** It is enforced from now on, and was not before. */
  readonly fresh: boolean;
  /** The rule that holds it, or what was to make it last longer. */
  readonly told: string | undefined;
}

/**
 * How a ban is stored that takes the place of its feed's ban on the range, or of
 * none: with its date, and on its trial.
 */
export function succeed(
  ban: ReviewedBan,
  before: FoundBan | undefined,
  { now, admission }: Succession,
): Succeeded {
  const old = runsAt(before, now) ? before : undefined;
  const { held, trial, fresh, cut } = fateOf(ban, old, admission);
  const recordedAt = old?.recordedAt ?? now;
  const expiresAt = old && cut !== undefined ? old.expiresAt : ban.expiresAt;
  const observed = Number(ban.observed);
  const ringAt = ban.ringAt ?? null;
  const bySensor = Number(ban.bySensor ?? false);
  return {
    stored: { expiresAt, held, observed, recordedAt, trial, ringAt, bySensor },
    fresh,
    told: held ?? cut,
  };
}

const runsAt = (
  ban: StoredBan | undefined,
  now: UnixSeconds,
): ban is FoundBan => ban !== undefined && ban.expiresAt > now;

interface Fate extends Pick<StoredBan, "held" | "trial"> {
  readonly fresh: boolean;
  /** Why it ends when the one before it would have. */
  readonly cut?: string | undefined;
}

function fateOf(
  ban: ReviewedBan,
  old: FoundBan | undefined,
  admission: Admission | undefined,
): Fate {
  if (ban.held !== undefined) {
    if (!isOfPolicy(ban.held)) return apart(ban.held);
    return apart(heldMeanwhile(ban, old, admission) ?? ban.held);
  }
  if (old !== undefined && goesOn(ban, old)) {
    const cut = admission?.keep(ban, old.expiresAt);
    const isTried = old.verdict === "open" && !ban.observed;
    return { held: null, trial: isTried ? old.trial : null, fresh: false, cut };
  }
  const held = heldAsNew(ban, old, admission);
  return held === undefined && !ban.observed ? FRESH : apart(held ?? null);
}

const heldAsNew = (
  ban: ReviewedBan,
  old: FoundBan | undefined,
  admission: Admission | undefined,
): string | undefined =>
  hasFailed(old) && !ban.observed ? NOT_CONFIRMED : admission?.admit(ban);

/**
 * What a policy lets through comes back by itself: what holds it beside that. New
 * bans are admitted now, and one that was tried in vain stays so.
 */
function heldMeanwhile(
  ban: ReviewedBan,
  old: FoundBan | undefined,
  admission: Admission | undefined,
): string | undefined {
  const isKnown =
    old !== undefined && (isInKernel(old) || isOfPolicy(old.held));
  return isKnown ? undefined : heldAsNew(ban, old, admission);
}

/** Whether it needs no room: the kernel has the range, and does no more about it. */
const goesOn = (ban: ReviewedBan, old: FoundBan): boolean =>
  isInKernel(old) && (ban.observed || old.observed === 0);

const apart = (held: string | null): Fate => ({
  held,
  trial: null,
  fresh: false,
});

const FRESH: Fate = { held: null, trial: null, fresh: true };

/** Dropped or observed, and not taken back. */
const isInKernel = ({ held, verdict }: FoundBan): boolean =>
  held === null && verdict !== "failed";

/** A ban that was tried in vain stays held for as long as its feed keeps it. */
const hasFailed = (ban: FoundBan | undefined): boolean =>
  ban?.held === NOT_CONFIRMED || ban?.verdict === "failed";
