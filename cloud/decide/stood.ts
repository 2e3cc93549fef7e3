import { FOREVER } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";

/** Bans that stood before an order changed them: the first of them, for the record. */
export interface StoodBans {
  readonly bans: readonly StoodBan[];
  /** How many more there were. */
  readonly more: number;
}

interface StoodBan {
  readonly feed: string;
  readonly range: string;
  /** As ISO 8601 has it; null: for ever. */
  readonly until: string | null;
  readonly observed: boolean;
  readonly decision: string;
}

/** @param count how many there are, where there may be too many to look at */
export function stoodBans(
  all: Iterable<StandingBan>,
  count?: number,
): StoodBans {
  const bans: StoodBan[] = [];
  let seen = 0;
  for (const ban of all) {
    if (count !== undefined && seen >= MOST_KEPT) break;
    if (seen++ < MOST_KEPT) bans.push(stoodBan(ban));
  }
  return { bans, more: Math.max(0, (count ?? seen) - bans.length) };
}

function stoodBan({
  feed,
  cidr,
  expiresAt,
  observed,
  decision,
}: StandingBan): StoodBan {
  const until =
    expiresAt === FOREVER ? null : new Date(expiresAt * 1_000).toISOString();
  return { feed, range: formatCidr(cidr), until, observed, decision };
}

/** What fits into a record. */
const MOST_KEPT = 20;
