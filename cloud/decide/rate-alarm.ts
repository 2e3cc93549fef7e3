import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Decisions } from "../journal/decisions.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import type { Shares } from "./shares.js";

/** How the rules' rate stands. */
export interface RuleStatus {
  readonly maxPerMinute: number;
  /** Bans that the rate has left in this minute. */
  readonly left: number;
  /** Since when attackers wait for it, in milliseconds since 1970; or null. */
  readonly reachedSince: number | null;
  readonly waiting: number;
  /** Attackers that found no room to wait, by org, since the cloud's start. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What a person should decide on and finds no room in the table. */
  readonly unproposed: number;
  /** In how many bans of the last minute each org had a part; most first. */
  readonly orgs: readonly { readonly org: string; readonly bans: number }[];
}

export interface RateAlarmPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: Pick<CorrelationSettings, "maxPerMinute">;
  readonly decisions: Pick<Decisions, "append">;
  readonly shares: Pick<Shares, "now">;
}

/** Tells when rules would ban more than they may: that is an attack, or a mistake. */
export class RateAlarm {
  readonly #ports: RateAlarmPorts;
  readonly #dropped = new Map<string, number>();
  #reached: { readonly since: number; last: number } | undefined;
  #notedAt = -Infinity;
  #droppedToldAt = -Infinity;
  #untold = 0;
  #unproposed = 0;

  constructor(ports: RateAlarmPorts) {
    this.#ports = ports;
  }

  /** An attacker has to wait. */
  reached(): void {
    const now = this.#ports.clock.now();
    if (this.#reached !== undefined) this.#reached.last = now;
    else this.#raise(now);
  }

  /** An attacker found no room to wait. */
  dropped(org: string): void {
    this.#dropped.set(org, (this.#dropped.get(org) ?? 0) + 1);
    this.#untold += 1;
  }

  /** A proposal found no room. */
  unproposed(): void {
    this.#unproposed += 1;
    this.#untold += 1;
  }

  /** Time has passed. */
  tick(): void {
    const now = this.#ports.clock.now();
    if (this.#reached !== undefined && now - this.#reached.last > QUIET_MS) {
      this.#reached = undefined;
      this.#ports.log.info("rules ban within their rate again", {});
    }
    if (this.#untold === 0 || now - this.#droppedToldAt < QUIET_MS) return;
    this.#droppedToldAt = now;
    this.#untold = 0;
    const { dropped, unproposed } = this.status(0);
    this.#ports.log.warn("rules had to leave attackers out", {
      ...{ dropped, unproposed },
    });
  }

  status(waiting: number): RuleStatus {
    const { maxPerMinute } = this.#ports.settings;
    const { left, byOrg } = this.#ports.shares.now();
    const orgs = [...byOrg]
      .map(([org, bans]) => ({ org, bans }))
      .sort((a, b) => b.bans - a.bans)
      .slice(0, MOST_NAMED);
    const dropped = [...this.#dropped].sort(([, a], [, b]) => b - a);
    return {
      ...{ maxPerMinute, left, waiting, orgs },
      reachedSince: this.#reached?.since ?? null,
      dropped: Object.fromEntries(dropped.slice(0, MOST_NAMED)),
      unproposed: this.#unproposed,
    };
  }

  /** In the log each time, in the journal now and then. */
  #raise(now: number): void {
    this.#reached = { since: now, last: now };
    const { maxPerMinute, orgs } = this.status(0);
    const what = "rules want to ban more than they may; the rest waits";
    this.#ports.log.warn(what, { maxPerMinute, orgs });
    if (now - this.#notedAt < NOTED_EVERY_MS) return;
    this.#notedAt = now;
    const event = { kind: "rate-reached", maxPerMinute, orgs } as const;
    this.#ports.decisions.append([event]).catch((error: unknown) => {
      this.#ports.log.error("a rate that was reached was not noted", { error });
    });
  }
}

/** Without another that waits for so long, it is over. */
const QUIET_MS = 60_000;

/** An attack that comes and goes must not fill the journal. */
const NOTED_EVERY_MS = 10 * 60 * 1000;

const MOST_NAMED = 8;
