import type { Clock } from "../../agent/runtime/clock.js";
import type { AttackTimes, CountrySums } from "../attacks/attack-times.js";
import type { Attackers } from "../attacks/attackers.js";
import type { Sums } from "../attacks/sums.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import { Turns } from "../rate/turns.js";
import { answeredOf, type Answered, type AnsweredPorts } from "./answered.js";
import { attackersIn, type AttackersIn } from "./attackers-in.js";
import {
  contestsIn,
  type ContestCounts,
  type ContestsPorts,
} from "./contests-in.js";
import type { BansBy, DecidedCounts, DecidedIn } from "./decided-in.js";
import { hostsNow, type HostsNow, type HostsPorts } from "./hosts-now.js";
import type { Month } from "./month.js";

export interface ReportPorts extends AnsweredPorts, ContestsPorts, HostsPorts {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly decided: Pick<DecidedIn, "bans" | "counts" | "some">;
  readonly attackTimes: Pick<AttackTimes, "since" | "over" | "byCountry">;
  readonly attackers: Attackers["behind"];
  /** How long receipts are kept, in days. */
  readonly receiptsKeepDays: () => number;
}

/** A month of one customer. Times are milliseconds since 1970. */
export interface Report {
  readonly madeAt: number;
  /** What is from before that is not kept; null: nothing was told of yet. */
  readonly keptSince: {
    readonly attacks: number | null;
    readonly answers: number;
  };
  readonly attacks: {
    readonly totals: Sums;
    readonly byDay: readonly (Sums & { readonly at: number })[];
    readonly byCountry: readonly CountrySums[];
  };
  readonly attackers: AttackersIn;
  readonly bans: readonly BansBy[];
  /** Whether all bans were looked at. */
  readonly isWhole: boolean;
  readonly decided: DecidedCounts;
  readonly answered: Answered;
  readonly contests: ContestCounts;
  readonly hosts: HostsNow;
}

/** Puts months of customers together, from what is kept. */
export class Reports {
  readonly #ports: ReportPorts;

  constructor(ports: ReportPorts) {
    this.#ports = ports;
  }

  /**
   * @param signal that nobody waits for it any more
   * @throws GivenUp
   */
  async of(org: string, month: Month, signal: AbortSignal): Promise<Report> {
    const ports = this.#ports;
    const { clock, decided } = ports;
    const turns = new Turns(clock, signal);
    const madeAt = clock.now();
    const answersSince = madeAt - ports.receiptsKeepDays() * DAY_MS;
    const stretch = { ...month, answersSince };
    const { bans, isWhole } = await decided.bans(org, month, turns);
    return {
      ...{ madeAt, bans, isWhole },
      keptSince: {
        attacks: this.#attacksSince(madeAt),
        answers: answersSince,
      },
      attacks: this.#attacks(org, month),
      attackers: await attackersIn(org, month, ports.attackers, turns),
      decided: await decided.counts(org, month, turns),
      answered: await this.#answered(org, stretch, { turns, signal }),
      contests: await contestsIn(org, month, ports, turns),
      hosts: await hostsNow(org, ports, turns),
    };
  }

  #attacksSince(now: number): number | null {
    const since = this.#ports.attackTimes.since();
    return since && Math.max(since, now - DAYS_KEPT * DAY_MS);
  }

  #attacks(org: string, { from, to, days }: Month): Report["attacks"] {
    const { attackTimes } = this.#ports;
    const asked = { org, per: "day", of: "failures", top: 1 } as const;
    const over = attackTimes.over({ ...asked, spans: days, now: to - 1 });
    const byCountry = attackTimes.byCountry(org, from, to);
    return { totals: over.totals, byDay: over.buckets, byCountry };
  }

  /** Of what no receipts are kept any more, there is nothing to say. */
  async #answered(
    org: string,
    { from, to, answersSince }: Month & { readonly answersSince: number },
    { turns, signal }: { readonly turns: Turns; readonly signal: AbortSignal },
  ): Promise<Answered> {
    const { coverage, decided, decision, idsOf } = this.#ports;
    const hosts = Math.max(1, idsOf(org).length);
    const most = Math.floor(MOST_LOOKS / hosts);
    const few = Math.min(MOST_DECISIONS, Math.max(FEWEST_DECISIONS, most));
    const stretch = { from: Math.max(from, answersSince), to };
    const ids =
      stretch.from < to ? await decided.some(org, stretch, few, turns) : [];
    const found = ids.flatMap((id): readonly DecisionEntry[] => {
      const entry = decision(id);
      return entry === undefined ? [] : [entry];
    });
    const round = await coverage.round(org, signal);
    return answeredOf(found, round, this.#ports);
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** How long attacks are counted by day. */
const DAYS_KEPT = 400;

/** Decisions that are held to each host, and hosts times decisions. */
const MOST_DECISIONS = 50;
const FEWEST_DECISIONS = 5;
const MOST_LOOKS = 100_000;
