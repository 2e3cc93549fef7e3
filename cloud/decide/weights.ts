import type { Clock } from "../../agent/runtime/clock.js";
import type { Statement } from "../journal/database.js";
import type { Views } from "../journal/view.js";
import { BATCH_WITHIN_MS, type Word } from "../rules/witnesses.js";
import { Standing, type Confirmer, type StandingSettings } from "./standing.js";
import { BLAMED_FOR_MS, FAULTS, type Fault } from "./weights.projection.js";

/** Somebody answers for an org. Times in ms since 1970. */
export interface Vouch {
  readonly by: string;
  readonly why: string;
  readonly vouchedAt: number;
  readonly expiresAt: number;
}

/** Something that an org had a part in, and that was found wrong. */
export interface Blame {
  /** Of the decision, or of the proposal. */
  readonly id: string;
  readonly why: Fault;
  readonly at: number;
  /** What it costs now: less each day. */
  readonly share: number;
}

/** What an org's word weighs by itself, and why. */
export interface Weight {
  readonly org: string;
  /** From 0 to 1. */
  readonly weight: number;
  /** Hosts that have been there long enough, as far as they are counted. */
  readonly hosts: number;
  /** Attackers that others saw as well, as far as they are counted. */
  readonly confirmed: number;
  readonly vouch: Vouch | null;
  /** How many orgs came within a day of it, where they are too many; else 0. */
  readonly batch: number;
  readonly blames: readonly Blame[];
}

/**
 * What orgs' word weighs, from 0 to 1. An org without hosts of standing weighs
 * nothing; with them, half; and more by what others saw of what it saw, who have
 * no part in the case. For whom somebody vouches weighs 1. Whoever had a part in
 * what was found wrong weighs less for a while. Orgs that came in a batch do not
 * confirm each other, and weigh together what the heaviest of them does: so puppets
 * that are made in a day stay one stranger after weeks, too.
 */
export class Weights {
  readonly #settings: StandingSettings;
  readonly #clock: Pick<Clock, "now">;
  readonly #standing: Standing;
  readonly #arrival: Statement<number>;
  readonly #arrivals: Statement<number>;
  /** As many of them as make a batch, and no more are read. */
  readonly #few: Statement<number>;
  readonly #vouch: Statement<Vouch>;
  /** Of each decision the worst of it; of what is as bad, what was found first. */
  readonly #blames: Statement<Blame>;
  readonly #known = new Map<string, Facts>();
  readonly #confirmers = new Map<
    string,
    { readonly at: number; readonly all: readonly Confirmer[] }
  >();
  /** How many there are in that, each org once more by itself. */
  #kept = 0;

  constructor(
    views: Views,
    settings: StandingSettings,
    clock: Pick<Clock, "now">,
  ) {
    const { decided } = views;
    this.#settings = settings;
    this.#clock = clock;
    this.#standing = new Standing(views, settings, clock);
    this.#arrival = decided
      .prepare<unknown[], number>("SELECT at FROM arrivals WHERE org = ?")
      .pluck();
    const arrivals = (limit: number) =>
      decided
        .prepare<unknown[], number>(
          `SELECT count(*) FROM (
             SELECT 1 FROM arrivals WHERE at BETWEEN ? AND ? LIMIT ${limit})`,
        )
        .pluck();
    this.#arrivals = arrivals(-1);
    this.#few = arrivals(MOST_IN_A_DAY + 1);
    this.#vouch = decided.prepare(
      `SELECT vouched_by AS by, why, vouched_at AS vouchedAt,
         expires_at AS expiresAt
       FROM vouches WHERE org = ?`,
    );
    this.#blames = decided.prepare(
      `SELECT id, why, at, share FROM (
         SELECT *, row_number() OVER (
           PARTITION BY id ORDER BY share DESC, at) AS place
         FROM blames WHERE org = ?)
       WHERE place = 1 ORDER BY at DESC`,
    );
  }

  /** Of the orgs that saw one attacker: of each by itself. */
  of(orgs: Iterable<string>): ReadonlyMap<string, Word> {
    const within = new Set(orgs);
    return new Map(
      [...within].map((org) => {
        const facts = this.#facts(org);
        const weight = this.#weigh(facts, this.#confirmed(facts, within));
        const batchAt = facts.isCrowded ? facts.came : undefined;
        return [org, { weight, batchAt }];
      }),
    );
  }

  /** What an org has to have to weigh 1. */
  get needed() {
    const { standingHosts, standingConfirmed } = this.#settings;
    return { hostsNeeded: standingHosts, confirmedNeeded: standingConfirmed };
  }

  /** What an org weighs where nobody who confirms it is part of the case. */
  told(org: string): Weight {
    const facts = this.#factsNow(org);
    const confirmed = this.#confirmed(facts, new Set([org]));
    const { hosts, vouch = null, came, isCrowded } = facts;
    const batch = isCrowded ? this.#near(this.#arrivals, came) : 0;
    const blames = this.#blamesOf(org);
    const weight = rounded(this.#weigh(facts, confirmed));
    return { org, weight, hosts, confirmed, vouch, batch, blames };
  }

  #weigh({ isSettled, vouch, trust }: Facts, confirmed: number): number {
    if (vouch !== undefined) return trust;
    if (!isSettled) return 0;
    const { standingConfirmed: most } = this.#settings;
    const more = most === 0 ? 1 : Math.min(1, confirmed / most);
    return trust * (UNCONFIRMED + (1 - UNCONFIRMED) * more);
  }

  /** By those who are not part of it: a few strangers confirm each other. */
  #confirmed(facts: Facts, within: ReadonlySet<string>): number {
    const { standingConfirmed: most } = this.#settings;
    if (most === 0 || (!facts.isSettled && facts.vouch === undefined)) return 0;
    let confirmed = 0;
    for (const { other, attackers } of this.#confirmersOf(facts)) {
      if (within.has(other)) continue;
      if (!mayConfirm(facts, this.#facts(other))) continue;
      confirmed += attackers;
      if (confirmed >= most) return most;
    }
    return confirmed;
  }

  /**
   * As of a minute ago at most: of a batch whose orgs have seen the same, hundreds
   * would be looked at in vain for each of them.
   */
  #confirmersOf(facts: Facts): readonly Confirmer[] {
    const { org } = facts;
    const at = this.#clock.now();
    const known = this.#confirmers.get(org);
    if (known !== undefined && Math.abs(at - known.at) < CONFIRMED_FOR_MS) {
      return known.all;
    }
    const all = [...this.#standing.confirmers(org)].filter(({ other }) =>
      mayConfirm(facts, this.#facts(other)),
    );
    this.#kept += all.length - (known?.all.length ?? -1);
    if (this.#kept > MOST_CONFIRMERS) {
      this.#confirmers.clear();
      this.#kept = all.length + 1;
    }
    this.#confirmers.set(org, { at, all });
    return all;
  }

  /** As of a second ago at most: a flood asks it of the same few again and again. */
  #facts(org: string): Facts {
    const known = this.#known.get(org);
    const now = this.#clock.now();
    if (known !== undefined && Math.abs(now - known.at) < KNOWN_FOR_MS) {
      return known;
    }
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    const facts = this.#factsNow(org);
    this.#known.set(org, facts);
    return facts;
  }

  #factsNow(org: string): Facts {
    const { standingHosts } = this.#settings;
    const at = this.#clock.now();
    const said = this.#vouch.get(org);
    const vouch = said !== undefined && said.expiresAt > at ? said : undefined;
    const hosts = this.#standing.settledHosts(org, standingHosts);
    const trust = 0.5 ** costOf(this.#blamesOf(org));
    return {
      ...{ org, at, hosts, vouch, isSettled: hosts >= standingHosts, trust },
      ...this.#batchOf(org, vouch !== undefined),
    };
  }

  #batchOf(org: string, isVouched: boolean) {
    const came = this.#arrival.get(org) ?? 0;
    const age = this.#clock.now() - came;
    const counts = this.#settings.standingDays > 0 && age < BATCH_FOR_MS;
    if (isVouched || !counts) return { came, isCrowded: false };
    return { came, isCrowded: this.#near(this.#few, came) > MOST_IN_A_DAY };
  }

  /** How many came within a day of then, before or after. */
  #near(arrivals: Statement<number>, came: number): number {
    return arrivals.get(came - BATCH_WITHIN_MS, came + BATCH_WITHIN_MS) ?? 0;
  }

  #blamesOf(org: string): readonly Blame[] {
    const now = this.#clock.now();
    return this.#blames
      .all(org)
      .map(({ share, ...blame }) => {
        const left = Math.min(1, 1 - (now - blame.at) / BLAMED_FOR_MS);
        return { ...blame, share: rounded(share * left) };
      })
      .filter(({ share }) => share > 0);
  }
}

/** What does not change within one case. */
interface Facts {
  readonly org: string;
  readonly at: number;
  readonly hosts: number;
  readonly isSettled: boolean;
  readonly vouch: Vouch | undefined;
  /** What is left of 1 after what was found wrong. */
  readonly trust: number;
  /** When its first host came; 0: it has none. */
  readonly came: number;
  /** It came with too many others. */
  readonly isCrowded: boolean;
}

/** Strangers bear witness for nobody, nor do those who were found wrong of late. */
const mayConfirm = (facts: Facts, theirs: Facts): boolean =>
  (theirs.isSettled || theirs.vouch !== undefined) &&
  theirs.trust > UNCONFIRMED &&
  !isSameBatch(facts, theirs);

const isSameBatch = (one: Facts, other: Facts): boolean =>
  one.isCrowded &&
  other.isCrowded &&
  Math.abs(one.came - other.came) <= BATCH_WITHIN_MS;

/** One kind costs no more than four of it: whoever says much errs now and then. */
function costOf(blames: readonly Blame[]): number {
  const kinds = new Map<Fault, number>();
  for (const { why, share } of blames) {
    const sum = (kinds.get(why) ?? 0) + share;
    kinds.set(why, Math.min(sum, MOST_OF_A_KIND * FAULTS[why]));
  }
  return [...kinds.values()].reduce((sum, each) => sum + each, 0);
}

const rounded = (share: number): number => Math.round(share * 1_000) / 1_000;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Twice as many as are needed speak for themselves. */
const UNCONFIRMED = 0.5;

/** A vendor takes in so many customers in a day; more of them are a batch, */
const MOST_IN_A_DAY = 8;

/** for so long. */
const BATCH_FOR_MS = 90 * DAY_MS;

const MOST_OF_A_KIND = 4;

const KNOWN_FOR_MS = 1_000;
const MOST_KNOWN = 10_000;

const CONFIRMED_FOR_MS = 60_000;

/** Of all orgs together, at some 100 bytes each: 20 MB. */
const MOST_CONFIRMERS = 200_000;
