import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { Banned, BanOrders } from "../decide/ban-orders.js";
import type { ImportOrders, Imported } from "../decide/import-orders.js";
import type { Lifted, LiftOrders } from "../decide/lift-orders.js";
import type { NeverList } from "../decide/never.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type {
  Danger,
  ProposedBan,
  ProposedChange,
} from "../journal/two-person-events.js";
import { cutsMuch } from "../lists/replacement.js";
import type { Caller } from "../operators/caller.js";
import type { ChangeKinds } from "./changes.js";
import { Breadth, flowsCut, listLifted, type FlowsFound } from "./dangers.js";
import type { FlowCheck } from "./flow-check.js";
import { Glass, type ThroughGlass } from "./glass.js";
import type { MachineLimits } from "./machine-limits.js";
import type {
  BanAsked,
  ImportAsked,
  LiftAsked,
  Outcome,
} from "./order-asked.js";
import { OrderWatch, TakesTwo, type WatchTerms } from "./order-watch.js";
import type { Others } from "./others.js";
import type { Proposing } from "./proposing.js";
import type { TwoPersonsSettings } from "./settings.js";
import type { Clock } from "../../agent/runtime/clock.js";

export interface TwoPersonsPorts {
  readonly clock: Clock;
  readonly settings: TwoPersonsSettings;
  readonly bans: Pick<BanOrders, "ban">;
  readonly lifts: Pick<LiftOrders, "lift">;
  readonly imports: Pick<ImportOrders, "import">;
  readonly never: Pick<NeverList, "lists">;
  readonly flows: FlowCheck;
  readonly machines: MachineLimits;
  readonly proposing: Pick<Proposing, "propose">;
  readonly others: Pick<Others, "count">;
  readonly changes: ChangeKinds;
  /** Whether the decision imported a list, and nobody broke the glass for it. */
  isJudged(decision: string): boolean;
}

/**
 * Carries out what people and machines order, unless it is dangerous: that waits
 * for a second person, or goes on through a broken glass.
 */
export class TwoPersons {
  readonly #ports: TwoPersonsPorts;

  constructor(ports: TwoPersonsPorts) {
    this.#ports = ports;
  }

  /** @throws FeedFull, GlassHolds, NoShareLeft */
  async ban(caller: Caller, asked: BanAsked): Promise<Outcome<Banned>> {
    const { feed, ranges, terms, replace, dryRun } = asked;
    const { forSeconds, reason, observed, waits, atOnce } = terms;
    const lasts = forSeconds ?? null;
    const glass = this.#glassOf(caller, asked, lasts);
    const found = observed ? undefined : await this.#flowsOf(asked);
    const about = { action: "ban", ranges, lasts } as const;
    const watch = this.#watch(glass, about, {
      ...{ observed, goesOn: dryRun || glass !== undefined },
      always: this.#ports.machines.beyond(caller, { ranges, lasts, dryRun }),
      whereItChanges: this.#tooManyOf(found),
      ...{ addsUp: true, isJudged: () => false },
    });
    const order: ProposedBan = {
      ...{ action: "ban", feed, ranges: ranges.map(formatCidr), lasts },
      ...{ reason, observed, replace, ...(waits && { waits }) },
      ...(atOnce && { atOnce }),
    };
    const manner = { replace, dryRun, watch };
    const mandate = { feed, by: caller.name };
    return this.#orPropose(caller, order, async () => {
      const done = await this.#ports.bans.ban(mandate, ranges, terms, manner);
      const came = cameOf(watch, dryRun ? undefined : glass, done.decision);
      return { kind: "done", done, ...came, flows: found ?? null };
    });
  }

  /** What would have a ban wait that drops packets, as hosts answered of it. */
  cuts(found: FlowsFound): readonly Danger[] {
    return this.#ports.settings.enabled ? this.#tooManyOf(found) : [];
  }

  /** @throws GlassHolds, NoShareLeft */
  async lift(caller: Caller, asked: LiftAsked): Promise<Outcome<Lifted>> {
    const { feeds, ranges, within, reason, dryRun } = asked;
    const glass = this.#glassOf(caller, asked, 0);
    const about = { action: "lift", ranges, lasts: null } as const;
    const wish = { feeds, ranges, within, reason, dryRun, by: caller.name };
    const machine = { ranges, lasts: 0, dryRun };
    const watch = this.#watch(glass, about, {
      ...{ observed: true, goesOn: dryRun || glass !== undefined },
      always: [
        ...this.#ports.machines.beyond(caller, machine),
        ...(await this.#wideLift(wish)),
      ],
      ...{ whereItChanges: [], addsUp: false, isJudged: () => true },
    });
    const texts = ranges.map(formatCidr);
    const lift = { action: "lift", feeds, ranges: texts } as const;
    return this.#orPropose(caller, { ...lift, reason, within }, async () => {
      watch.decide();
      const done = await this.#ports.lifts.lift({ ...wish, watch });
      const came = cameOf(watch, dryRun ? undefined : glass, done.decisions[0]);
      return { kind: "done", done, ...came, flows: null };
    });
  }

  /** @throws FeedFull, GlassHolds, NoShareLeft, and what `judge` throws */
  async import(caller: Caller, asked: ImportAsked): Promise<Outcome<Imported>> {
    const { feed, ranges, terms, list, replace, dryRun } = asked;
    const lasts = terms.forSeconds ?? null;
    const most = longest(asked);
    const glass = this.#glassOf(caller, asked, most);
    const about = { action: "import", ranges, lasts: most } as const;
    const watch = this.#watch(glass, about, {
      ...{ observed: terms.observed, goesOn: dryRun || glass !== undefined },
      ...{ always: [], whereItChanges: [], addsUp: false },
      isJudged: ({ decision }) => this.#ports.isJudged(decision),
    });
    const judge: ImportAsked["judge"] = (replacement) => {
      asked.judge(replacement);
      const { settings } = this.#ports;
      const { report } = asked;
      if (!settings.enabled || !cutsMuch(report, replacement, settings.list)) {
        return;
      }
      watch.lifts(listLifted(list ?? "", replacement.summary));
    };
    const { reason, observed, atOnce } = terms;
    const order = {
      ...({
        action: "import",
        feed,
        replace,
        lasts,
        reason,
        observed,
      } as const),
      ...(list !== undefined && { list }),
      ...(atOnce && { atOnce }),
    };
    const manner = { list, replace, dryRun, judge, watch };
    const mandate = { feed, by: caller.name };
    return this.#orPropose(caller, { ...order, store: ranges }, async () => {
      const { imports } = this.#ports;
      const done = await imports.import(mandate, ranges, terms, manner);
      const came = cameOf(watch, dryRun ? undefined : glass, done.decision);
      return { kind: "done", done, ...came, flows: null };
    });
  }

  /**
   * A change waits whatever it is of, where anything waits.
   * @param why that is, in words
   * @throws NoShareLeft, and what its kind throws
   */
  async change(
    caller: Caller,
    change: ProposedChange,
    why: string,
  ): Promise<Outcome<undefined>> {
    const { settings, changes } = this.#ports;
    return this.#orPropose(caller, change, async () => {
      if (settings.enabled) throw new TakesTwo([{ why: "change", says: why }]);
      const { operator, name: by } = caller;
      const kind = changes.get(change.of);
      await kind?.carryOut(change, { operator, by }, []);
      const came = { dangers: [], glass: null, flows: null };
      return { kind: "done", done: undefined, ...came };
    });
  }

  async #orPropose<T>(
    caller: Caller,
    order: Parameters<Proposing["propose"]>[1],
    act: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof TakesTwo)) throw error;
      const { proposing, others } = this.#ports;
      const waiting = await proposing.propose(caller, order, error.dangers);
      const { operator, ownOrg } = waiting;
      const count = others.count(operator, ownOrg);
      return { kind: "waits", waiting, others: count };
    }
  }

  #watch(
    glass: Glass | undefined,
    about: Omit<ThroughGlass, "decision" | "feed" | "dangers">,
    terms: Omit<WatchTerms, "enabled" | "widths" | "never" | "along">,
  ): OrderWatch {
    const { settings, never } = this.#ports;
    const { enabled } = settings;
    const watch: OrderWatch = new OrderWatch({
      ...{ ...terms, enabled, never, widths: settings },
      along: (decision, feed): readonly DecisionEvent[] => {
        const { dangers } = watch;
        if (glass === undefined || dangers.length === 0) return [];
        return [glass.broken({ ...about, decision, feed, dangers })];
      },
    });
    return watch;
  }

  #glassOf(
    caller: Caller,
    { breakGlass, dryRun }: Pick<BanAsked, "breakGlass" | "dryRun">,
    lasts: number | null,
  ): Glass | undefined {
    if (breakGlass === undefined) return undefined;
    const now = this.#ports.clock.now();
    const glass = new Glass(caller, breakGlass, now);
    glass.mustGive(lasts);
    return dryRun ? undefined : glass;
  }

  async #flowsOf({ feed, ranges, dryRun }: BanAsked) {
    const { settings, flows } = this.#ports;
    if (!settings.enabled || dryRun) return undefined;
    return flows.ask(feed, ranges);
  }

  #tooManyOf(found: FlowsFound | undefined): readonly Danger[] {
    const { most } = this.#ports.flows;
    if (found === undefined || most === null) return [];
    return found.affectedBegun > most ? [flowsCut(found, most)] : [];
  }

  /** To lift all that lies in a wide range is as wide as to ban it. */
  async #wideLift(
    wish: Omit<LiftAsked, "breakGlass"> & { readonly by: string },
  ): Promise<readonly Danger[]> {
    const { settings, lifts } = this.#ports;
    if (!settings.enabled || !wish.within) return [];
    const dangers = dangersOf(wish.ranges, settings);
    if (dangers.length === 0) return [];
    const { effects } = await lifts.lift({ ...wish, dryRun: true });
    const isAny = effects.some(({ lifted }) => Object.keys(lifted).length > 0);
    return isAny ? dangers : [];
  }
}

/** Of lifting all that lies in the ranges. */
function dangersOf(
  ranges: readonly Cidr[],
  settings: TwoPersonsSettings,
): readonly Danger[] {
  const breadth = new Breadth(settings);
  for (const range of ranges) breadth.add(range);
  return breadth.dangers("lift");
}

/** The longest that a list bans, in seconds; null is for ever. */
function longest({ ranges, terms, breakGlass }: ImportAsked): number | null {
  if (breakGlass === undefined) return 0;
  let most = terms.forSeconds ?? Infinity;
  for (const { timeout } of ranges) {
    if (timeout !== undefined) most = Math.max(most, timeout || Infinity);
  }
  return most === Infinity ? null : most;
}

function cameOf(
  { dangers }: OrderWatch,
  glass: Glass | undefined,
  made: object | undefined,
) {
  const isBroken = made !== undefined && dangers.length > 0;
  return { dangers, glass: isBroken ? (glass?.id ?? null) : null };
}
