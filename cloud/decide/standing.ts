import type { Clock } from "../../agent/runtime/clock.js";
import type { Statement } from "../journal/database.js";
import type { Views } from "../journal/view.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import { CONFIRMED_WITHIN_MS } from "./standing.projection.js";

export type StandingSettings = Pick<
  CorrelationSettings,
  "orgs" | "standingDays" | "standingHosts" | "standingConfirmed"
>;

/** Who saw the same attackers as an org, and how many of them. */
export interface Confirmer {
  readonly other: string;
  readonly attackers: number;
}

/**
 * What orgs have behind them: hosts that have been there for a while, and others
 * who saw what they saw. Whoever enrols fifty orgs in a day is fifty strangers.
 */
export class Standing {
  readonly #settings: Pick<StandingSettings, "standingDays">;
  readonly #clock: Pick<Clock, "now">;
  readonly #hosts: Statement<{ id: string; enrolledAt: number }>;
  readonly #lastSeen: Statement<number>;
  readonly #confirmers: Statement<Confirmer>;

  constructor(
    { decided, observed }: Views,
    settings: Pick<StandingSettings, "standingDays">,
    clock: Pick<Clock, "now">,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    // Who came later than that has not been there for long enough.
    this.#hosts = decided.prepare(
      `SELECT id, enrolled_at AS enrolledAt FROM agents
       WHERE org = ? AND revoked_at IS NULL AND enrolled_at <= ?`,
    );
    this.#lastSeen = observed
      .prepare<unknown[], number>(
        "SELECT last_seen FROM presence WHERE agent = ?",
      )
      .pluck();
    this.#confirmers = observed.prepare(
      `SELECT other, attackers FROM confirmations WHERE org = ? AND at > ?
       ORDER BY attackers DESC`,
    );
  }

  /** Hosts of an org that were seen over so many days; at most so many are counted. */
  settledHosts(org: string, most: number): number {
    const ms = this.#settings.standingDays * DAY_MS;
    let settled = 0;
    const long = this.#clock.now() - ms;
    for (const { id, enrolledAt } of this.#hosts.iterate(org, long)) {
      const seen = this.#lastSeen.get(id) ?? enrolledAt;
      if (seen - enrolledAt >= ms && ++settled >= most) break;
    }
    return settled;
  }

  /** Those with the most in common come first. */
  confirmers(org: string): IterableIterator<Confirmer> {
    const since = this.#clock.now() - CONFIRMED_WITHIN_MS;
    return this.#confirmers.iterate(org, since);
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;
