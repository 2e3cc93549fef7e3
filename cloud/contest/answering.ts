import { parseListedCidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { BanOrders } from "../decide/ban-orders.js";
import type { DecisionLog } from "../decide/decision-log.js";
import type { Decision } from "../decide/deeds.js";
import type { LiftOrders } from "../decide/lift-orders.js";
import { SEES_NOTHING, type Watch } from "../decide/order-ports.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import type { ContestAnswered } from "../journal/contest-events.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Caller } from "../operators/caller.js";
import type { Operators } from "../operators/operators.js";
import type { Others } from "../two-persons/others.js";
import type { ProposedOrders } from "../two-persons/proposed-orders.js";
import { SamePerson } from "../two-persons/refusals.js";
import { named, type BansOn } from "./bans-on.js";
import { ContestRefused, untilOf, type Contesting } from "./contesting.js";
import type { Contest, Contests } from "./contests.js";

/** What somebody says to a contest. */
export interface Verdict {
  readonly verdict: ContestAnswered["verdict"];
  /** What whoever asked is told. */
  readonly answer: string;
  /** Seconds that are left of the ban; of what is shortened. */
  readonly forSeconds: number | undefined;
}

export interface AnsweringPorts {
  readonly clock: Pick<Clock, "now">;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly contests: Pick<Contests, "contest">;
  readonly contesting: Contesting;
  readonly decisionLog: Pick<DecisionLog, "decision">;
  readonly operators: Pick<Operators, "named">;
  readonly others: Pick<Others, "approvers" | "isSame">;
  readonly waiting: Pick<ProposedOrders, "releasedBy">;
  readonly bans: Pick<BanOrders, "ban">;
  readonly lifts: Pick<LiftOrders, "lift">;
}

/**
 * Has contests answered, each once, by another than who ordered the ban, or
 * released it.
 */
export class Answering {
  readonly #ports: AnsweringPorts;
  readonly #taken = new Set<string>();

  constructor(ports: AnsweringPorts) {
    this.#ports = ports;
  }

  /**
   * What changes is written down together with the answer, in the last feed.
   * @throws ContestRefused, SamePerson
   */
  async answer(
    caller: Caller,
    id: string,
    said: Verdict,
  ): Promise<{
    readonly contest: Contest;
    readonly decisions: readonly Decision[];
  }> {
    const { contesting, contests } = this.#ports;
    const waiting = contesting.waiting(id);
    if (this.#taken.has(id)) {
      throw new ContestRefused("answered", `somebody else answers ${id} now`);
    }
    this.#taken.add(id);
    try {
      const bans = await contesting.bansOn(parseListedCidr(waiting.address));
      const answered = this.#answered(caller, waiting, { bans, said });
      const decisions = await this.#carryOut(answered, bans, said);
      const contest = contests.contest(id);
      if (contest === undefined) throw new Error(`there is no ${id}`);
      return { contest, decisions };
    } finally {
      this.#taken.delete(id);
    }
  }

  #answered(
    caller: Caller,
    waiting: Contest,
    { bans, said }: { readonly bans: BansOn; said: Verdict },
  ): ContestAnswered {
    const { verdict, answer, forSeconds } = said;
    const now = this.#ports.contesting.aboutOf(bans);
    const about = [...new Set([...waiting.about, ...now])];
    const bySelf = this.#mustBeAnother(caller, about);
    const until =
      forSeconds === undefined
        ? undefined
        : untilOf(this.#ports.clock, forSeconds);
    const { operator, name: by } = caller;
    return {
      ...{ kind: "contest-answered", contest: waiting.contest, verdict },
      ...{ operator, by, bySelf, answer, about },
      ...(until !== undefined && { until }),
    };
  }

  /**
   * Whether who had a part in it answers after all, since nobody else could.
   * @throws SamePerson
   */
  #mustBeAnother(
    { operator, name }: Caller,
    about: readonly string[],
  ): boolean {
    const decision = about.find((id) => this.#hasPart(operator, id));
    if (decision === undefined) return false;
    const isOther = ({ id }: { readonly id: string }) =>
      !about.some((each) => this.#hasPart(id, each));
    if (!this.#ports.others.approvers(null).some(isOther)) return true;
    throw new SamePerson(
      `${name} ordered ${decision}, or released it: somebody else answers`,
    );
  }

  /** Whether somebody ordered the decision, or released it as the second person. */
  #hasPart(operator: string, decision: string): boolean {
    const { decisionLog, operators, others, waiting } = this.#ports;
    const names = [
      decisionLog.decision(decision)?.by,
      waiting.releasedBy(decision),
    ];
    return names
      .filter((name) => name !== undefined)
      .flatMap((name) => operators.named(name))
      .some(({ id }) => others.isSame(operator, id));
  }

  async #carryOut(
    answered: ContestAnswered,
    { own, wider }: BansOn,
    { verdict, forSeconds }: Verdict,
  ): Promise<readonly Decision[]> {
    if (verdict === "refused") {
      await this.#settle(answered);
      return [];
    }
    if (wider.length > 0) {
      throw new ContestRefused(
        "wider-bans",
        `${named(wider)} would ban it all the same: lift or undo that first, then answer`,
      );
    }
    return verdict === "released"
      ? this.#release(answered, own)
      : this.#shorten(answered, own, forSeconds);
  }

  /** Everywhere: in all feeds that ban it. */
  async #release(
    answered: ContestAnswered,
    own: readonly StandingBan[],
  ): Promise<readonly Decision[]> {
    const feeds = [...new Set(own.map(({ feed }) => feed))];
    const beside = this.#beside(answered, feeds.at(-1));
    const { decisions } = await this.#ports.lifts.lift({
      ...{ by: answered.by, feeds, within: false, dryRun: false },
      reason: `contest ${answered.contest}`,
      ranges: own.map(({ cidr }) => cidr),
      watch: beside.watch,
    });
    await beside.settle();
    return decisions;
  }

  async #shorten(
    answered: ContestAnswered,
    own: readonly StandingBan[],
    forSeconds: number | undefined,
  ): Promise<readonly Decision[]> {
    const until = answered.until ?? Infinity;
    const longer = own.filter(({ expiresAt }) => expiresAt > until);
    if (longer.length === 0) {
      throw new ContestRefused("ends-sooner", "no ban on it lasts that long");
    }
    const made: Decision[] = [];
    for (const [at, { feed, cidr, reason, observed }] of longer.entries()) {
      const isLast = at === longer.length - 1;
      const beside = this.#beside(answered, isLast ? feed : undefined);
      const terms = { forSeconds, reason, observed };
      const manner = { replace: true, dryRun: false, watch: beside.watch };
      const mandate = { feed, by: answered.by };
      const { decision } = await this.#ports.bans.ban(
        ...([mandate, [cidr], terms, manner] as const),
      );
      if (decision !== undefined) made.push(decision);
      if (isLast) await beside.settle();
    }
    return made;
  }

  /** Has the answer written down with the feed's decision, or else by itself. */
  #beside(answered: ContestAnswered, last: FeedName | undefined) {
    let isSettled = false;
    const watch: Watch = {
      ...SEES_NOTHING,
      along: (_, feed): readonly DecisionEvent[] => {
        if (feed !== last) return [];
        isSettled = true;
        return [answered];
      },
    };
    const settle = async (): Promise<void> => {
      if (!isSettled) await this.#settle(answered);
    };
    return { watch, settle };
  }

  async #settle(answered: ContestAnswered): Promise<void> {
    const { decisions, contesting } = this.#ports;
    await lookThenAppend(decisions, () => {
      contesting.waiting(answered.contest);
      return { events: [answered], answer: undefined };
    });
  }
}
