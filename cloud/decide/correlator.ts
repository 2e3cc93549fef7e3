import { setImmediate as nextTurn } from "node:timers/promises";
import { unixSeconds, type Clock } from "../../agent/clock.js";
import type { Logger } from "../../agent/log/logger.js";
import { parseCidr, type Cidr } from "../../agent/model/cidr.js";
import type { Recorded } from "../journal/events.js";
import type { Journal } from "../journal/journal.js";
import { attackerKey, attackerOf, readRemote } from "../telemetry/remote.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import { correlate, type Evidence, type Verdict } from "./correlate.js";
import type { Decisions } from "./decisions.js";
import type { NeverList } from "./never.js";

export interface CorrelatorPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: CorrelationSettings;
  /** Subscribed to after those who keep the read models. */
  readonly journal: Pick<Journal, "subscribe">;
  readonly telemetry: {
    window(attacker: string, since: number, after: number): readonly Evidence[];
    attackers(since: number): readonly string[];
  };
  readonly spent: {
    spentThrough(attacker: string): number;
    ruledSince(since: number): number;
  };
  readonly never: Pick<NeverList, "exempts">;
  /** Until when everybody bans the range anyhow: Unix seconds, or 0. */
  coveredUntil(range: Cidr): Promise<number>;
  readonly decisions: Pick<Decisions, "ban">;
}

/**
 * Turns what several orgs detect into a ban for all. What it knows it reads from
 * the journal's fold each time: which evidence there is and which is spent. So a
 * restart neither repeats a decision nor loses one.
 */
export class Correlator implements AsyncDisposable {
  readonly #ports: CorrelatorPorts;
  /** Attackers to look at, each once. */
  readonly #due = new Set<string>();
  /** Attackers to look at again when the rate allows. */
  readonly #late = new Set<string>();
  readonly #subscription: Disposable;
  readonly #timer: Disposable;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(ports: CorrelatorPorts) {
    this.#ports = ports;
    const { journal, telemetry, clock, settings } = ports;
    this.#subscription = journal.subscribe((news) => this.#hear(news));
    this.#timer = clock.every(LATE_EVERY_MS, () => this.#remind());
    const since = clock.now() - settings.windowMs;
    this.#look(telemetry.attackers(since));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#subscription[Symbol.dispose]();
    this.#timer[Symbol.dispose]();
    await this.#working;
  }

  #hear(news: readonly Recorded[]): void {
    for (const { event } of news) {
      if (event.kind !== "telemetry") continue;
      this.#look(
        event.items.flatMap((item) => {
          if (item.kind !== "detection") return [];
          const remote = readRemote(item.source);
          const attacker = remote && attackerOf(remote);
          return attacker ? [attackerKey(attacker)] : [];
        }),
      );
    }
  }

  #remind(): void {
    if (this.#late.size === 0) return;
    const late = [...this.#late].slice(0, this.#room());
    for (const attacker of late) this.#late.delete(attacker);
    this.#look(late);
  }

  #look(attackers: readonly string[]): void {
    for (const attacker of attackers) {
      // What finds no room is found again with its next detection.
      if (this.#due.size >= MOST_DUE) break;
      this.#due.add(attacker);
    }
    if (this.#due.size > 0) this.#working ??= this.#work();
  }

  /** Never rejects. The first turn lets the append tell all who listen. */
  async #work(): Promise<void> {
    await Promise.resolve();
    let looked = 0;
    for (const attacker of this.#due) {
      this.#due.delete(attacker);
      if (this.#closed) break;
      if (++looked % LOOKS_A_TURN === 0) await nextTurn();
      try {
        const verdict = this.#verdictOn(attacker);
        if (verdict !== undefined) await this.#carryOut(attacker, verdict);
      } catch (error) {
        this.#ports.log.error("rule could not decide", { attacker, error });
      }
    }
    this.#working = undefined;
  }

  #verdictOn(attacker: string): Verdict | undefined {
    const { telemetry, spent, settings, clock } = this.#ports;
    const now = clock.now();
    const since = now - settings.windowMs;
    const after = spent.spentThrough(attacker);
    const evidence = telemetry.window(attacker, since, after);
    return correlate(evidence, settings, now);
  }

  async #carryOut(attacker: string, verdict: Verdict): Promise<void> {
    const { never, log, settings, clock, decisions } = this.#ports;
    const range = parseCidr(attacker);
    const exempt = never.exempts(range);
    if (exempt !== undefined) {
      log.debug("rule may not ban", { attacker, exempt });
      return;
    }
    if (this.#room() === 0) {
      this.#postpone(attacker);
      return;
    }
    if (!(await this.#isWorthIt(range))) return;
    const { rule, reason, evidence } = verdict;
    const mandate = { feed: "urgent", by: `rule:${rule}`, evidence } as const;
    const terms = { forSeconds: settings.banForS, reason, observed: false };
    const startedAt = clock.monotonic();
    const { decision } = await decisions.ban(mandate, [range], terms);
    const tookMs = clock.monotonic() - startedAt;
    log.info("rule banned", { attacker, decision, rule, reason, tookMs });
  }

  /**
   * Not when a ban covers the attacker nearly as long already: an operator's
   * longer ban must not be shortened, and noise must not become segments.
   */
  async #isWorthIt(range: Cidr): Promise<boolean> {
    const { settings, clock } = this.#ports;
    const until = await this.#ports.coveredUntil(range);
    const now = unixSeconds(clock.now());
    const gained = now + settings.banForS - Math.max(now, until);
    return gained >= settings.banForS / 2;
  }

  /** How many bans the rate has left. */
  #room(): number {
    const { spent, settings, clock } = this.#ports;
    const ruled = spent.ruledSince(clock.now() - 60_000);
    return Math.max(0, settings.maxPerMinute - ruled);
  }

  #postpone(attacker: string): void {
    const { log, settings } = this.#ports;
    if (this.#late.size === 0) {
      const { maxPerMinute } = settings;
      log.warn("rule bans as much as it may", { maxPerMinute });
    }
    if (this.#late.size < MOST_DUE) this.#late.add(attacker);
  }
}

/** How often attackers that found no room in the rate are looked at again. */
const LATE_EVERY_MS = 1_000;

/** At some 100 bytes each; whoever is left out comes with the next detection. */
const MOST_DUE = 100_000;

/** Looks of some 20 µs each between two turns of the event loop. */
const LOOKS_A_TURN = 100;
