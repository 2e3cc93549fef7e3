import type { Limits } from "../config/limits.js";
import type { Cidr, Family } from "../model/cidr.js";
import type { UnixSeconds } from "../runtime/clock.js";

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
  /** Bans in the kernel of all feeds; before a snapshot, of all others. */
  readonly entries: number;
  /** Shares of each family's addresses; before a snapshot, none. */
  readonly space: Readonly<Record<Family, number>>;
  /** How many more may come into force now. */
  readonly room: number;
  /** What takes of that room, where several changes have one between them. */
  readonly taken?: Taken;
  /** What holds those for which there is no room. */
  readonly full: Extract<LimitRule, "grows-too-fast" | "too-many-at-once">;
}

/** How many bans have come into force by one change, or several. */
export interface Taken {
  bans: number;
}

/** What a ban must tell to be let in. */
export interface Applicant {
  readonly cidr: Cidr;
  /** Unix seconds. */
  readonly expiresAt: UnixSeconds;
  /** It is counted, not dropped: it takes room, and cuts nobody off. */
  readonly observed: boolean;
}

/**
 * Lets one change of a feed in, ban by ban, for as long as no limit is reached:
 * what goes beyond is held, and the rest goes on. What is in force already is
 * never held, and counts.
 */
export class Budget {
  readonly #limits: Limits;
  readonly #now: UnixSeconds;
  readonly #full: FeedStanding["full"];
  readonly #room: number;
  readonly #taken: Taken;
  #entries: number;
  #space: Record<Family, number>;
  #admitted = 0;

  /** `now` is in Unix seconds. */
  constructor(limits: Limits, standing: FeedStanding, now: UnixSeconds) {
    this.#limits = limits;
    this.#now = now;
    this.#full = standing.full;
    this.#entries = standing.entries;
    this.#room = standing.room;
    this.#taken = standing.taken ?? { bans: 0 };
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
    this.#taken.bans++;
    this.#admitted++;
    return undefined;
  }

  /**
   * The same of one that was admitted before, and was let through for a while: it
   * takes none of the room for what is new.
   */
  readmit(ban: Applicant): LimitRule | undefined {
    const rule = this.#firstBroken(ban, Infinity);
    if (rule === undefined) this.#count(ban);
    return rule;
  }

  /**
   * This one is in force already, and stays so: whether it may go on until its
   * new end. `until` is the one that it has.
   */
  keep(ban: Applicant, until: UnixSeconds): "lives-too-long" | undefined {
    this.#count(ban);
    const isLonger = ban.expiresAt > until;
    return isLonger && this.#livesTooLong(ban) ? "lives-too-long" : undefined;
  }

  /** Call what is returned to have nothing counted of what comes after this. */
  savepoint(): () => void {
    const [entries, taken] = [this.#entries, this.#taken.bans];
    const [space, admitted] = [{ ...this.#space }, this.#admitted];
    return () => {
      this.#entries = entries;
      this.#taken.bans = taken;
      this.#space = { ...space };
      this.#admitted = admitted;
    };
  }

  #livesTooLong({ expiresAt }: Applicant): boolean {
    return expiresAt - this.#now > this.#limits.life;
  }

  #firstBroken(ban: Applicant, room = this.#left()): LimitRule | undefined {
    const { share, entries } = this.#limits;
    const { cidr, observed } = ban;
    if (this.#livesTooLong(ban)) return "lives-too-long";
    const covered = this.#space[cidr.family] + shareOf(cidr);
    const most = share * GIVEN[cidr.family];
    if (!observed && covered > most) return "covers-too-much";
    if (this.#entries >= entries) return "too-many-bans";
    return room < 1 ? this.#full : undefined;
  }

  #left(): number {
    return this.#room - this.#taken.bans;
  }

  #count({ cidr, observed }: Applicant): void {
    this.#entries++;
    if (!observed) this.#space[cidr.family] += shareOf(cidr);
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
