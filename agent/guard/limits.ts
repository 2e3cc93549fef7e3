import type { Limits } from "../config/limits.js";
import type { Cidr, Family } from "../model/cidr.js";

export type { Limits };

/** What the critical keys allow a feed beyond the limits. */
export type Raised = Partial<
  Pick<Limits, "entries" | "share" | "life" | "changesPerMinute">
> & {
  /** A snapshot may be as small as it likes. */
  readonly shrink?: boolean;
};

export const limitRules = [
  "lives-too-long",
  "covers-too-much",
  "too-many-bans",
  "grows-too-fast",
  "too-many-at-once",
] as const;
export type LimitRule = (typeof limitRules)[number];

/** What a feed stands at before a change. */
export interface FeedStanding {
  /** Bans in force of all feeds; before a snapshot, of all others. */
  readonly entries: number;
  /** Shares of each family's addresses; before a snapshot, none. */
  readonly space: Readonly<Record<Family, number>>;
  /** How many more may come into force now. */
  readonly room: number;
  /** What holds those for which there is no room. */
  readonly full: Extract<LimitRule, "grows-too-fast" | "too-many-at-once">;
}

/** What a ban must tell to be let in. */
export interface Applicant {
  readonly cidr: Cidr;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/**
 * Lets one change of a feed in, ban by ban, for as long as no limit is reached:
 * what goes beyond is held, and the rest goes on. What is in force already is
 * never held, and counts.
 */
export class Budget {
  readonly #limits: Limits;
  readonly #now: number;
  readonly #full: FeedStanding["full"];
  #entries: number;
  #room: number;
  #space: Record<Family, number>;
  #admitted = 0;

  /** `now` is in Unix seconds. */
  constructor(limits: Limits, standing: FeedStanding, now: number) {
    this.#limits = limits;
    this.#now = now;
    this.#full = standing.full;
    this.#entries = standing.entries;
    this.#room = standing.room;
    this.#space = { ...standing.space };
  }

  /** Whether there is an end to how many may come into force. */
  get isBounded(): boolean {
    return this.#room < Infinity;
  }

  /** How many have come into force by this change. */
  get admitted(): number {
    return this.#admitted;
  }

  /** The first limit that the ban would go beyond; otherwise it counts. */
  admit(ban: Applicant): LimitRule | undefined {
    const rule = this.#firstBroken(ban);
    if (rule !== undefined) return rule;
    this.#count(ban);
    this.#room--;
    this.#admitted++;
    return undefined;
  }

  /** This one is in force already. */
  keep(ban: Applicant): void {
    this.#count(ban);
  }

  #firstBroken({ cidr, expiresAt }: Applicant): LimitRule | undefined {
    const { life, share, entries } = this.#limits;
    if (expiresAt - this.#now > life) return "lives-too-long";
    const covered = this.#space[cidr.family] + shareOf(cidr);
    if (covered > share * GIVEN[cidr.family]) return "covers-too-much";
    if (this.#entries >= entries) return "too-many-bans";
    return this.#room < 1 ? this.#full : undefined;
  }

  #count({ cidr }: Applicant): void {
    this.#entries++;
    this.#space[cidr.family] += shareOf(cidr);
  }
}

const shareOf = ({ prefix }: Cidr): number => 2 ** -prefix;

/** Of IPv6, an eighth is given to hosts (RFC 4291 §2.4). */
const GIVEN: Readonly<Record<Family, number>> = { 4: 1, 6: 1 / 8 };

/** The limits, where the critical keys have not raised them. */
export const raisedBy = (limits: Limits, raised: Raised): Limits => {
  const { entries, share, life, changesPerMinute } = raised;
  const most = (own: number, other = 0) => Math.max(own, other);
  return {
    ...limits,
    entries: most(limits.entries, entries),
    share: most(limits.share, share),
    life: most(limits.life, life),
    changesPerMinute: most(limits.changesPerMinute, changesPerMinute),
    burst: most(limits.burst, (changesPerMinute ?? 0) * 60),
  };
};
