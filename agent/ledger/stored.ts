import type { ReviewedBan } from "../model/reviewed.js";
import { NOT_CONFIRMED } from "./trials.js";

/** A ban as its feed has it. */
export interface StoredBan {
  readonly expiresAt: number;
  /** The rule that holds it. */
  readonly held: string | null;
  readonly observed: number;
  readonly recordedAt: number;
  readonly trial: number | null;
}

/** The same, and what became of its trial. */
export interface FoundBan extends StoredBan {
  readonly verdict: "open" | "passed" | "failed" | null;
}

/** Asked about every ban that is to come into force where none of its feed was. */
export interface Admission {
  /** The limit that it would go beyond, which holds it; otherwise it counts. */
  admit(ban: ReviewedBan): string | undefined;
  /** This one is in force already, and stays so. */
  keep(ban: ReviewedBan): void;
}

export interface Succession {
  readonly now: number;
  readonly admission: Admission | undefined;
}

/** Of a copy, on exactly a range. */
export const HERE = "WHERE copy = ? AND addr = ? AND prefix = ?";

export const FIND = `SELECT expires_at AS expiresAt, held, observed,
    recorded_at AS recordedAt, trial,
    (SELECT state FROM trials WHERE trials.id = bans.trial) AS verdict
  FROM bans ${HERE}`;

/**
 * How a ban is stored that takes the place of its feed's ban on the range, or of
 * none: with its date, and on its trial. Fresh is what is enforced from now on,
 * and was not before.
 */
export function succeed(
  ban: ReviewedBan,
  before: FoundBan | undefined,
  { now, admission }: Succession,
): { readonly stored: StoredBan; readonly fresh: boolean } {
  const old = runsAt(before, now) ? before : undefined;
  const { held, trial, fresh } = fateOf(ban, old, admission);
  const recordedAt = old?.recordedAt ?? now;
  const { expiresAt } = ban;
  const observed = Number(ban.observed);
  return { stored: { expiresAt, held, observed, recordedAt, trial }, fresh };
}

const runsAt = (ban: StoredBan | undefined, now: number): ban is FoundBan =>
  ban !== undefined && ban.expiresAt > now;

interface Fate extends Pick<StoredBan, "held" | "trial"> {
  readonly fresh: boolean;
}

function fateOf(
  ban: ReviewedBan,
  old: FoundBan | undefined,
  admission: Admission | undefined,
): Fate {
  if (ban.held !== undefined || ban.observed) return apart(ban.held ?? null);
  if (old === undefined || !isEnforced(old)) {
    const held = hasFailed(old) ? NOT_CONFIRMED : admission?.admit(ban);
    return held === undefined ? FRESH : apart(held);
  }
  admission?.keep(ban);
  return {
    ...FRESH,
    trial: old.verdict === "open" ? old.trial : null,
    fresh: false,
  };
}

const apart = (held: string | null): Fate => ({
  held,
  trial: null,
  fresh: false,
});

const FRESH: Fate = { held: null, trial: null, fresh: true };

const isEnforced = ({ held, observed, verdict }: FoundBan): boolean =>
  held === null && observed === 0 && verdict !== "failed";

/** A ban that was tried in vain stays held for as long as its feed keeps it. */
const hasFailed = (ban: FoundBan | undefined): boolean =>
  ban?.held === NOT_CONFIRMED || ban?.verdict === "failed";
