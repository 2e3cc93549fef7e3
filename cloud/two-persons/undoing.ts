import { FOREVER, type Ban, type Op } from "../../agent/model/ban.js";
import type { FeedName } from "../../agent/model/position.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { NeverList } from "../decide/never.js";
import type { Foresight } from "../decide/order-ports.js";
import type { UndoDone, UndoOrders, UndoWatch } from "../decide/undo-orders.js";
import type { Widths } from "../decide/widths.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Danger } from "../journal/two-person-events.js";
import type { Caller } from "../operators/caller.js";
import { Breadth, listUndone } from "./dangers.js";
import { Glass } from "./glass.js";
import type { Outcome } from "./order-asked.js";
import { OrderWatch, TakesTwo } from "./order-watch.js";
import type { Others } from "./others.js";
import type { Proposing } from "./proposing.js";
import type { TwoPersonsSettings } from "./settings.js";

export interface UndoAsked {
  readonly decision: DecisionEntry;
  readonly reason: string;
  /** It should never have been made. */
  readonly wrong: boolean;
  readonly dryRun: boolean;
  /** Why it is carried out at once, whatever is dangerous about it. */
  readonly breakGlass: string | undefined;
}

export interface UndoingPorts {
  readonly clock: Pick<Clock, "now">;
  readonly settings: TwoPersonsSettings;
  readonly undos: Pick<UndoOrders, "undo">;
  /** The list that an import brought. */
  listOf(decision: string): string | undefined;
  readonly proposing: Pick<Proposing, "propose">;
  readonly others: Pick<Others, "count">;
  readonly never: Pick<NeverList, "lists">;
  /** The rule by which hosts will hold a ban of the feed that lasts so long. */
  foresee(feed: FeedName): Foresight;
}

/**
 * Undoes what people ask to: what takes something back at once within an hour of the
 * decision, since that is when mistakes are found. Later, what would be dangerous to
 * lift or to ban is dangerous here, too, and waits for a second person; what bans
 * again, or for longer, does so from the first minute on.
 */
export class Undoing {
  readonly #ports: UndoingPorts;

  constructor(ports: UndoingPorts) {
    this.#ports = ports;
  }

  /** @throws CannotUndo, FeedFull, GlassHolds, NoShareLeft */
  async undo(caller: Caller, asked: UndoAsked): Promise<Outcome<UndoDone>> {
    const { decision, reason, wrong, dryRun } = asked;
    const glass = this.#glassOf(caller, asked);
    const watch = this.#watchOf(asked, glass);
    const undoes = decision.decision;
    const by = caller.name;
    try {
      const wish = { undoes, by, reason, wrong, dryRun, watch };
      const done = await this.#ports.undos.undo(wish);
      const isBroken = done.decision !== undefined && watch.dangers.length > 0;
      const { dangers } = watch;
      const broken = isBroken ? (glass?.id ?? null) : null;
      return { kind: "done", done, dangers, glass: broken, flows: null };
    } catch (error) {
      if (!(error instanceof TakesTwo)) throw error;
      const { feed } = decision;
      const what = { undoes, feed, ranges: watch.changes, reason, wrong };
      const order = { action: "undo", ...what } as const;
      return this.#propose(caller, order, error.dangers);
    }
  }

  async #propose(
    caller: Caller,
    order: Parameters<Proposing["propose"]>[1],
    dangers: readonly Danger[],
  ): Promise<Outcome<UndoDone>> {
    const { proposing, others } = this.#ports;
    const waiting = await proposing.propose(caller, order, dangers);
    const count = others.count(waiting.operator, waiting.ownOrg);
    return { kind: "waits", waiting, others: count };
  }

  #watchOf({ decision, dryRun }: UndoAsked, glass: Glass | undefined) {
    const { settings, clock, never } = this.#ports;
    const { decidedAt, ranges, feed } = decision;
    const now = clock.now();
    const list = this.#ports.listOf(decision.decision);
    const watch: JudgingWatch = new JudgingWatch({
      ...{ widths: settings, part: settings.list, ranges, list },
      ...{ enabled: settings.enabled, isFresh: now - decidedAt < FRESH_MS },
      ...{ never, foresee: this.#ports.foresee(feed), now: unixSeconds(now) },
      goesOn: dryRun || glass !== undefined,
      along: (made) => {
        const { dangers, changes: size } = watch;
        if (glass === undefined || dangers.length === 0) return [];
        const acts = watch.bans ? "ban" : "lift";
        const action = list === undefined ? acts : "import";
        const about = { action, ranges: { size }, lasts: null } as const;
        return [glass.broken({ ...about, decision: made, feed, dangers })];
      },
    });
    return watch;
  }

  #glassOf(
    caller: Caller,
    { breakGlass, dryRun }: UndoAsked,
  ): Glass | undefined {
    if (breakGlass === undefined) return undefined;
    const glass = new Glass(caller, breakGlass, this.#ports.clock.now());
    glass.mustGive(0);
    return dryRun ? undefined : glass;
  }
}

interface JudgingTerms extends Pick<UndoingPorts, "never"> {
  /** False: nothing makes it dangerous. */
  readonly enabled: boolean;
  /** To take something back is not dangerous yet. */
  readonly isFresh: boolean;
  readonly widths: Widths;
  /** More than this part of a list at once takes two. */
  readonly part: number;
  /** Of the decision. */
  readonly ranges: number;
  readonly list: string | undefined;
  readonly foresee: Foresight;
  /** Unix seconds. */
  readonly now: number;
  readonly goesOn: boolean;
  along(decision: string): readonly DecisionEvent[];
}

/** Notes what is dangerous about an undo. */
class JudgingWatch implements UndoWatch {
  readonly #terms: JudgingTerms;
  #changes = 0;
  #lifted = 0;
  #lifts: Breadth;
  readonly #bans: OrderWatch;

  constructor(terms: JudgingTerms) {
    this.#terms = terms;
    this.#lifts = new Breadth(terms.widths);
    this.#bans = new OrderWatch({
      ...{ ...terms, observed: false, addsUp: true, isJudged: () => false },
      ...{ always: [], whereItChanges: [] },
    });
  }

  /** How many ranges it does something to. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether it bans anything. */
  get bans(): boolean {
    return this.#changes > this.#lifted;
  }

  begin(): void {
    this.#changes = 0;
    this.#lifted = 0;
    this.#lifts = new Breadth(this.#terms.widths);
    this.#bans.begin();
  }

  sees(op: Op, own: Ban | undefined): void {
    this.#changes += 1;
    if (op.op === "ban") this.#seesBan(op, own);
    else this.#seesLift(op);
  }

  #seesBan(ban: Ban, own: Ban | undefined): void {
    const { isFresh, foresee, now } = this.#terms;
    if (ban.observed || (isFresh && !bansMore(ban, own))) return;
    const { cidr, expiresAt } = ban;
    const lasts = expiresAt === FOREVER ? Infinity : expiresAt - now;
    this.#bans.sees(cidr, undefined, foresee(cidr, lasts));
  }

  #seesLift({ cidr }: Pick<Op, "cidr">): void {
    this.#lifted += 1;
    this.#lifts.add(cidr);
  }

  get dangers(): readonly Danger[] {
    return this.#terms.enabled
      ? [...this.#dangersOfLifts(), ...this.#bans.dangers]
      : [];
  }

  #dangersOfLifts(): readonly Danger[] {
    const { isFresh, list, part, ranges } = this.#terms;
    if (isFresh) return [];
    const lifted = this.#lifted;
    const isMuch = lifted >= FEW && lifted > part * ranges;
    return [
      ...this.#lifts.dangers("lift"),
      ...(list !== undefined && isMuch
        ? [listUndone(list, { lifted, ranges })]
        : []),
    ];
  }

  /** @throws TakesTwo */
  decide(): void {
    const { dangers } = this;
    if (dangers.length > 0 && !this.#terms.goesOn) throw new TakesTwo(dangers);
  }

  along(decision: string): readonly DecisionEvent[] {
    return this.#terms.along(decision);
  }
}

/** Whether something is banned by it that the decision let through, or let go sooner. */
const bansMore = (ban: Ban, own: Ban | undefined): boolean =>
  own === undefined || own.observed || ban.expiresAt > own.expiresAt;

const FRESH_MS = 60 * 60 * 1000;

/** Of so few, half is no sign of anything. */
const FEW = 8;
