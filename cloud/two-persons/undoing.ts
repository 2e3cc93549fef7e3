import type { Op } from "../../agent/model/ban.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { UndoDone, UndoOrders, UndoWatch } from "../decide/undo-orders.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Danger } from "../journal/two-person-events.js";
import type { Caller } from "../operators/caller.js";
import {
  isWider,
  listUndone,
  Seen,
  Sum,
  wide,
  type Widths,
} from "./dangers.js";
import { Glass } from "./glass.js";
import type { Outcome } from "./order-asked.js";
import { TakesTwo } from "./order-watch.js";
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
}

/**
 * Undoes what people ask to: at once within an hour of the decision, since that is
 * when mistakes are found. Later, what would be dangerous to lift or to ban is
 * dangerous here, too, and waits for a second person.
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
    const { settings, clock } = this.#ports;
    const { action, decidedAt, ranges } = decision;
    const isFresh = clock.now() - decidedAt < FRESH_MS;
    const list = this.#ports.listOf(decision.decision);
    const watch: JudgingWatch = new JudgingWatch({
      ...{ widths: settings, part: settings.list, ranges, list },
      enabled: settings.enabled && !isFresh,
      goesOn: dryRun || glass !== undefined,
      along: (made, feed) => {
        const { dangers, changes: size } = watch;
        if (glass === undefined || dangers.length === 0) return [];
        const acts = list === undefined ? UNDOES[action] : "import";
        const about = { action: acts, ranges: { size }, lasts: null } as const;
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

interface JudgingTerms {
  /** False: nothing makes it dangerous. */
  readonly enabled: boolean;
  readonly widths: Widths;
  /** More than this part of a list at once takes two. */
  readonly part: number;
  /** Of the decision. */
  readonly ranges: number;
  readonly list: string | undefined;
  readonly goesOn: boolean;
  readonly along: UndoWatch["along"];
}

/** Notes what is dangerous about an undo. */
class JudgingWatch implements UndoWatch {
  readonly #terms: JudgingTerms;
  #changes = 0;
  #lifted = 0;
  #seen = { lift: new Seen(), ban: new Seen() };
  #sums: { readonly lift: Sum; readonly ban: Sum };

  constructor(terms: JudgingTerms) {
    this.#terms = terms;
    this.#sums = this.#none();
  }

  /** How many ranges it does something to. */
  get changes(): number {
    return this.#changes;
  }

  begin(): void {
    this.#changes = 0;
    this.#lifted = 0;
    this.#seen = { lift: new Seen(), ban: new Seen() };
    this.#sums = this.#none();
  }

  sees(op: Op): void {
    this.#changes += 1;
    if (op.op === "lift") this.#lifted += 1;
    const isHarmless = op.op === "ban" && op.observed;
    if (!this.#terms.enabled || isHarmless) return;
    if (isWider(op.cidr, this.#terms.widths)) this.#seen[op.op].add(op.cidr);
    else this.#sums[op.op].add(op.cidr);
  }

  get dangers(): readonly Danger[] {
    const { enabled, widths, list, part, ranges } = this.#terms;
    if (!enabled) return [];
    const wider = (["lift", "ban"] as const).flatMap((action) => {
      const seen = this.#seen[action];
      const each = seen.isEmpty ? [] : [wide(seen, widths, action)];
      return [...each, ...this.#sums[action].dangers(action)];
    });
    const lifted = this.#lifted;
    const isMuch = lifted >= FEW && lifted > part * ranges;
    if (list === undefined || !isMuch) return wider;
    return [...wider, listUndone(list, { lifted, ranges })];
  }

  /** @throws TakesTwo */
  decide(): void {
    const { dangers } = this;
    if (dangers.length > 0 && !this.#terms.goesOn) throw new TakesTwo(dangers);
  }

  along(...made: Parameters<UndoWatch["along"]>): readonly DecisionEvent[] {
    return this.#terms.along(...made);
  }

  #none() {
    const { widths } = this.#terms;
    return { lift: new Sum(widths), ban: new Sum(widths) };
  }
}

/** What undoing something comes to. */
const UNDOES = { ban: "lift", lift: "ban", import: "lift" } as const;

const FRESH_MS = 60 * 60 * 1000;

/** Of so few, half is no sign of anything. */
const FEW = 8;
