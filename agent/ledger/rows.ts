import type { Ban } from "../model/ban.js";
import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";

/** A ban as the ledger has it: whose it is, and what held it. */
export interface RecordedBan extends Ban {
  readonly feed: FeedName;
  /** The guard's rule that stopped it; such a ban is not enforced. */
  readonly held: string | undefined;
  /** When this host's ring has its turn; undefined where it never waited. */
  readonly ringAt: number | undefined;
  /** A sensor of this host decided on it. */
  readonly bySensor: boolean;
}

/** A ban that a guard stopped. */
export interface HeldBan extends RecordedBan {
  readonly held: string;
}

/** A ban, and since when its feed bans the range without a gap. */
export interface DatedBan extends RecordedBan {
  /** Unix seconds; undefined for what an earlier version recorded. */
  readonly recordedAt: number | undefined;
}

/** How tables name a range; in this order, `addr` first, they sort by it. */
export interface RangeRow {
  readonly addr: Uint8Array;
  readonly prefix: number;
}

export interface BanRow extends RangeRow {
  readonly expires_at: number;
  readonly reason: string;
  readonly held: string | null;
  readonly observed: 0 | 1;
  readonly ring_at: number | null;
  readonly by_sensor: 0 | 1;
}

export interface DatedRow extends BanRow {
  readonly recorded_at: number;
}

/** Below every range: where a walk through a table starts. */
export const START: RangeRow = { addr: new Uint8Array(0), prefix: -1 };

/** Above every range: longer than an address, and nothing but ones. */
export const END: RangeRow = { addr: new Uint8Array(17).fill(0xff), prefix: 0 };

export const cidrOfRow = ({ addr, prefix }: RangeRow): Cidr => ({
  family: addr.length === 4 ? 4 : 6,
  address: addr,
  prefix,
});

export const rowOfCidr = ({ address, prefix }: Cidr): RangeRow => ({
  addr: address,
  prefix,
});

export const banOfRow = (feed: FeedName, row: BanRow): RecordedBan => ({
  feed,
  cidr: cidrOfRow(row),
  expiresAt: row.expires_at,
  reason: row.reason,
  held: row.held ?? undefined,
  observed: row.observed === 1,
  ringAt: row.ring_at ?? undefined,
  bySensor: row.by_sensor === 1,
});

export const datedBanOfRow = (feed: FeedName, row: DatedRow): DatedBan => ({
  ...banOfRow(feed, row),
  recordedAt: row.recorded_at === 0 ? undefined : row.recorded_at,
});

/** Of a copy's bans. */
export interface HeldCount {
  readonly held: number;
  /** Of these, the ones that wait for this host's ring. */
  readonly waiting: number;
  /** Of these, the ones that the customer's policy lets through. */
  readonly allowed: number;
}
