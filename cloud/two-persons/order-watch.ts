import type { Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import { BadNeverList, type NeverList } from "../decide/never.js";
import type { Watch } from "../decide/order-ports.js";
import type { Widths } from "../decide/widths.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Danger } from "../journal/two-person-events.js";
import {
  Breadth,
  neverBanned,
  neverListUnread,
  Seen,
  type NeverTier,
} from "./dangers.js";

/** An order that is not one person's alone; nothing of it has happened. */
export class TakesTwo extends Error {
  override readonly name = "TakesTwo";

  constructor(readonly dangers: readonly Danger[]) {
    super(dangers.map(({ says }) => says).join("; "));
  }
}

export interface WatchTerms {
  /** False: nothing that a range is makes an order dangerous. */
  readonly enabled: boolean;
  readonly widths: Widths;
  readonly never: Pick<NeverList, "lists">;
  /** Hosts only count and report what is banned. */
  readonly observed: boolean;
  /** Narrow ranges count in sum. Lists are long, and come again: theirs do not. */
  readonly addsUp: boolean;
  /** Known before the ranges are looked at, such as a machine's limits. */
  readonly always: readonly Danger[];
  /** Of dangers that only count where something changes. */
  readonly whereItChanges: readonly Danger[];
  /** What a list brought before, and brings again, was judged then. */
  readonly isJudged: (before: StandingBan) => boolean;
  /** Whether it goes on all the same: a dry run, or a broken glass. */
  readonly goesOn: boolean;
  along(decision: string, feed: FeedName): readonly DecisionEvent[];
}

/** Looks on while an order is judged, and notes what is dangerous about it. */
export class OrderWatch implements Watch {
  readonly #terms: WatchTerms;
  #changes = 0;
  #breadth: Breadth;
  #never = new Map<NeverTier, Seen>();
  #unread: string | undefined;
  /** Of a list that is replaced. */
  #list: Danger | undefined;

  constructor(terms: WatchTerms) {
    this.#terms = terms;
    this.#breadth = new Breadth(terms.widths, terms.addsUp);
  }

  begin(): void {
    const { widths, addsUp } = this.#terms;
    this.#changes = 0;
    this.#breadth = new Breadth(widths, addsUp);
    this.#never = new Map();
    this.#unread = undefined;
    this.#list = undefined;
  }

  sees(
    cidr: Cidr,
    before: StandingBan | undefined,
    held: string | undefined,
  ): void {
    this.#changes += 1;
    if (this.#terms.observed) return;
    const isEnforced = before !== undefined && !before.observed;
    if (isEnforced && this.#terms.isJudged(before)) return;
    this.#weigh(cidr, held);
  }

  keeps(cidr: Cidr, before: StandingBan, held: string | undefined): void {
    if (before.observed || this.#terms.isJudged(before)) return;
    this.#weigh(cidr, held);
  }

  #weigh(cidr: Cidr, held: string | undefined): void {
    if (!this.#terms.enabled) return;
    this.#breadth.add(cidr);
    const tier = tierOf(held) ?? this.#listed(cidr);
    if (tier === undefined) return;
    const seen = this.#never.get(tier) ?? new Seen();
    this.#never.set(tier, seen);
    seen.add(cidr);
  }

  /** More of a list's bans would go than one person lifts. */
  lifts(danger: Danger): void {
    this.#list = danger;
  }

  get dangers(): readonly Danger[] {
    const { always, whereItChanges } = this.#terms;
    return [
      ...always,
      ...(this.#changes > 0 ? whereItChanges : []),
      ...this.#breadth.dangers("ban"),
      ...[...this.#never].map(([tier, seen]) => neverBanned(seen, tier)),
      ...(this.#unread === undefined ? [] : [neverListUnread(this.#unread)]),
      ...(this.#list ? [this.#list] : []),
    ];
  }

  /** @throws TakesTwo */
  decide(): void {
    const { dangers } = this;
    if (dangers.length > 0 && !this.#terms.goesOn) throw new TakesTwo(dangers);
  }

  along(decision: string, feed: FeedName): readonly DecisionEvent[] {
    return this.#terms.along(decision, feed);
  }

  #listed(cidr: Cidr): NeverTier | undefined {
    if (this.#unread !== undefined) return undefined;
    try {
      // Private ranges and their like are no danger: hosts keep their own.
      return this.#terms.never.lists(cidr) ? "never-list" : undefined;
    } catch (error) {
      if (!(error instanceof BadNeverList)) throw error;
      this.#unread = error.message;
      return undefined;
    }
  }
}

/** By the rule of the guard that holds it on hosts. */
const tierOf = (held: string | undefined): NeverTier | undefined => {
  if (held === "public-resolver") return "public-resolver";
  return held === "cdn-edge" ? "cdn" : undefined;
};
