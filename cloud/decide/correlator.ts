import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Decisions } from "../journal/decisions.js";
import type { RecordedObservation } from "../journal/observation-events.js";
import type { Observations } from "../journal/observations.js";
import type { Turns } from "../rate/turns.js";
import { attackerKey, attackerOf, readRemote } from "../telemetry/remote.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import { FairQueue, type Taken } from "../rate/fair-queue.js";
import { LookBack, lookedBack, type LookBackPorts } from "./look-back.js";
import { RateAlarm, type RuleStatus } from "./rate-alarm.js";
import { Rests } from "./rests.js";
import type { Looker } from "../rules/looker.js";
import type { RuleBook } from "../rules/rule-book.js";
import type { Rule } from "./rule.js";
import type { Shadow } from "../rules/shadow.js";
import type { Shares } from "./shares.js";

export interface CorrelatorPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: Pick<CorrelationSettings, "maxPerMinute">;
  readonly observations: Pick<Observations, "subscribe">;
  readonly decisions: Pick<Decisions, "append">;
  readonly past: LookBackPorts["past"];
  readonly looker: Pick<Looker, "sight">;
  readonly turns: Turns;
  readonly shares: Pick<Shares, "now">;
  readonly rule: Pick<Rule, "lookAt">;
  readonly shadow: Pick<Shadow, "lookAt">;
  readonly book: Pick<RuleBook, "inForce" | "inShadow" | "onChanged">;
}

/**
 * Turns what several orgs detect into a ban for all. What it knows it reads from
 * the folds each time: which evidence there is and which is spent. So a
 * restart neither repeats a decision nor loses one. Orgs take turns, by the time
 * that looks take: whoever reports much keeps nobody waiting but itself.
 */
export class Correlator implements AsyncDisposable {
  readonly #ports: CorrelatorPorts;
  /** Attackers to look at, by the org that saw them. */
  readonly #due = new FairQueue(DUE);
  /** Attackers to look at again when the rate allows, by the org that waits. */
  readonly #late = new FairQueue(LATE);
  readonly #rests: Rests;
  readonly #alarm: RateAlarm;
  readonly #subscription: Disposable;
  readonly #otherRules: Disposable;
  readonly #timer: Disposable;
  readonly #back: LookBack;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(ports: CorrelatorPorts) {
    this.#ports = ports;
    const { observations, clock, book } = ports;
    this.#rests = new Rests(clock);
    this.#alarm = new RateAlarm(ports);
    this.#subscription = observations.subscribe((news) => this.#hear(news));
    this.#timer = clock.every(LATE_EVERY_MS, () => this.#remind());
    this.#back = new LookBack(ports);
    this.#otherRules = book.onChanged(() => {
      this.#back.hear();
      this.#goOn();
    });
    this.#goOn();
  }

  /** How the rate stands, and what waits for it. */
  status(): RuleStatus {
    return this.#alarm.status(this.#late.size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#subscription[Symbol.dispose]();
    this.#otherRules[Symbol.dispose]();
    this.#timer[Symbol.dispose]();
    await this.#working;
  }

  #hear(news: readonly RecordedObservation[]): void {
    for (const { event } of news) {
      if (event.kind !== "telemetry") continue;
      for (const item of event.items) {
        if (item.kind !== "detection") continue;
        const remote = readRemote(item.source);
        const attacker = remote && attackerOf(remote);
        if (attacker) this.#wait(event.org, attackerKey(attacker));
      }
    }
    this.#goOn();
  }

  /** What finds no room is found again with its next detection. */
  #wait(org: string, attacker: string): void {
    if (!this.#due.add(org, attacker)) this.#alarm.dropped(org);
  }

  #remind(): void {
    this.#alarm.tick();
    for (const { owner, item } of this.#rests.over()) this.#wait(owner, item);
    if (this.#late.size > 0) this.#remindLate();
    this.#goOn();
  }

  /** As many as the rate has room for, in turns of those who have a share. */
  #remindLate(): void {
    const shares = this.#ports.shares.now();
    for (let left = shares.left; left > 0; left--) {
      const late = this.#late.next((org) => shares.hasRoom(org));
      if (late === undefined) break;
      this.#due.add(AGAIN, late);
    }
  }

  #goOn(): void {
    if (this.#due.size > 0 || !this.#back.isOver) {
      this.#working ??= this.#work();
    }
  }

  /**
   * Never rejects. Looks back are in turns with those at what comes in, so that
   * neither keeps the other waiting. The first turn lets the append tell all who
   * listen.
   */
  async #work(): Promise<void> {
    await Promise.resolve();
    while (!this.#closed && (this.#due.size > 0 || !this.#back.isOver)) {
      await this.#ports.turns.next();
      const due = this.#due.take();
      if (due !== undefined) await this.#lookAtDue(due);
      const known = this.#back.next();
      if (known !== undefined) await this.#look(known);
    }
    this.#working = undefined;
  }

  async #lookAtDue(due: Taken): Promise<void> {
    const { owner, item: attacker } = due;
    if (this.#rests.isResting(attacker)) {
      if (!this.#rests.wait(due)) this.#alarm.dropped(owner);
      return;
    }
    const startedAt = this.#ports.clock.monotonic();
    await this.#look(attacker);
    this.#due.charge(owner, this.#ports.clock.monotonic() - startedAt);
  }

  async #look(attacker: string): Promise<void> {
    const { clock } = this.#ports;
    const startedAt = clock.monotonic();
    try {
      const { looker, rule, shadow, turns } = this.#ports;
      const sight = looker.sight(attacker, lookedBack(this.#ports));
      const outcome = await rule.lookAt(sight);
      await shadow.lookAt(sight);
      const tookMs = clock.monotonic() - startedAt;
      if (outcome.what === "nothing") this.#rests.begin(attacker, tookMs);
      await turns.next();
      if (outcome.what === "outdated") this.#due.add(AGAIN, attacker);
      if (outcome.what === "unproposed") this.#alarm.unproposed();
      if (outcome.what !== "postponed") return;
      this.#alarm.reached();
      if (!this.#late.add(outcome.org, attacker)) {
        this.#alarm.dropped(outcome.org);
      }
    } catch (error) {
      this.#ports.log.error("rule could not decide", { attacker, error });
    }
  }
}

/**
 * Who waited for the rate, or was decided on during a look, has a turn of its own,
 * like an org. No org is "".
 */
const AGAIN = "";

/** How often attackers that found no room in the rate are looked at again. */
const LATE_EVERY_MS = 1_000;

/** At some 100 bytes each: 1 MB of an org, 20 MB in all. */
const DUE = { ofOne: 10_000, inAll: 200_000 } as const;
const LATE = { ofOne: 1_000, inAll: 20_000 } as const;
