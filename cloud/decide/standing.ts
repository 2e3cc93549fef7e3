import type { Clock } from "../../agent/runtime/clock.js";
import type { Statement } from "../journal/database.js";
import type { Views } from "../journal/view.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import { CONFIRMED_WITHIN_MS } from "./standing.projection.js";

type Settings = Pick<
  CorrelationSettings,
  "orgs" | "standingDays" | "standingHosts" | "standingConfirmed"
>;

/**
 * Which orgs' word counts: those that have been there for a while, with more
 * than one host, and whose sightings others share. Whoever enrols fifty orgs in
 * a day is fifty strangers.
 */
export class Standing {
  readonly #settings: Settings;
  readonly #clock: Pick<Clock, "now">;
  readonly #hosts: Statement<{ id: string; enrolledAt: number }>;
  readonly #lastSeen: Statement<number>;
  readonly #confirmers: Statement<{ other: string; attackers: number }>;

  readonly #known = new Map<
    string,
    { readonly at: number; readonly settled: boolean }
  >();

  constructor(
    { decided, observed }: Views,
    settings: Settings,
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

  /** Of the orgs that saw one attacker, those that count. */
  among(orgs: Iterable<string>): ReadonlySet<string> {
    const settled = [...orgs].filter((org) => this.#isSettled(org));
    const { standingConfirmed, orgs: needed } = this.#settings;
    if (standingConfirmed === 0) return new Set(settled);
    if (settled.length >= MANY * needed) return new Set(settled);
    const within = new Set(settled);
    return new Set(settled.filter((org) => this.#isConfirmed(org, within)));
  }

  #isSettled(org: string): boolean {
    const { standingDays, standingHosts: most } = this.#settings;
    const ms = standingDays * DAY_MS;
    let settled = 0;
    const long = this.#clock.now() - ms;
    for (const { id, enrolledAt } of this.#hosts.iterate(org, long)) {
      const seen = this.#lastSeen.get(id) ?? enrolledAt;
      if (seen - enrolledAt >= ms && ++settled >= most) break;
    }
    return settled >= most;
  }

  /** As of a minute ago at most: a flood asks it of the same few again and again. */
  #wasSettled(org: string): boolean {
    const now = this.#clock.now();
    const known = this.#known.get(org);
    if (known !== undefined && Math.abs(now - known.at) < KNOWN_FOR_MS) {
      return known.settled;
    }
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    const settled = this.#isSettled(org);
    this.#known.set(org, { at: now, settled });
    return settled;
  }

  /** By those who are not part of it: a few strangers confirm each other. */
  #isConfirmed(org: string, within: ReadonlySet<string>): boolean {
    const since = this.#clock.now() - CONFIRMED_WITHIN_MS;
    let confirmed = 0;
    for (const { other, attackers } of this.#confirmers.iterate(org, since)) {
      if (within.has(other) || !this.#wasSettled(other)) continue;
      confirmed += attackers;
      if (confirmed >= this.#settings.standingConfirmed) return true;
    }
    return false;
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;

const KNOWN_FOR_MS = 60_000;
const MOST_KNOWN = 10_000;

/** Times as many as are needed speak for themselves. */
const MANY = 2;
