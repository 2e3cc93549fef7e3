import type { AgentEvents } from "../../events/events.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { Trial } from "../../ledger/trials.js";
import { unixSeconds, type BanClock } from "../../runtime/clock.js";
import type { HealthProbes } from "./health-probes.js";

export interface TrialWatchPorts {
  readonly ledger: Pick<Ledger, "trials" | "settle" | "tryAgain">;
  readonly signs: Pick<HealthProbes, "missing">;
  /** The date of the cloud's newest signed word, by the clock that never jumps. */
  readonly heardAt: () => number;
  readonly clock: BanClock;
  /** How long a trial lasts. */
  readonly seconds: number;
  /** The kernel is to know what was decided. */
  readonly enforceSoon: () => Promise<void>;
  /** Bans are to be told what became of them. */
  readonly settled: () => Promise<void>;
  /** How it ended, for the device to state. */
  readonly ended: (trial: Trial, why: readonly string[] | "passed") => void;
  /** For the cloud. */
  readonly failed: (what: string) => void;
  readonly events: Pick<
    AgentEvents,
    "trialPassed" | "trialFailed" | "trialsUnwatched"
  >;
}

/** What a trial in progress lacks, for who asks. */
export interface TrialView extends Trial {
  readonly missing: readonly string[];
}

/**
 * Commit-confirmed: a change that is large or wide is in the kernel with a short
 * timeout. Once this host has been seen to live on with it, it stays for as long
 * as it was ordered. Otherwise it is taken back before the time is over; should
 * this process be gone by then, the kernel takes it back by itself.
 */
export class TrialWatch implements AsyncDisposable {
  readonly #ports: TrialWatchPorts;
  readonly #stop = new AbortController();
  /** Since when each is in force, by the clock that never jumps. */
  readonly #since = new Map<number, number>();
  #missing: readonly string[] = [];
  #watching: Promise<void> | undefined;

  constructor(ports: TrialWatchPorts) {
    this.#ports = ports;
  }

  /** What is on trial now. */
  get trials(): readonly TrialView[] {
    const missing = this.#missing;
    return this.#ports.ledger.trials().map((trial) => ({ ...trial, missing }));
  }

  /**
   * Takes up what an earlier process left in the middle: the kernel has taken it
   * back, or soon does. It is tried again, though not for ever. Returns whether
   * there was anything.
   */
  resume(): boolean {
    const { ledger, clock, seconds } = this.#ports;
    const now = unixSeconds(clock.now());
    const left = ledger.trials();
    for (const trial of left) {
      if (trial.tries < MOST_TRIES) ledger.tryAgain(trial.id, now + seconds);
      else this.#fail([trial], [ENDED]);
    }
    return left.length > 0;
  }

  /** Something may have come into force that is on trial. */
  look(): void {
    if (this.#stop.signal.aborted) return;
    const now = this.#ports.clock.monotonic();
    const open = this.#ports.ledger.trials();
    for (const { id } of open) {
      if (!this.#since.has(id)) this.#since.set(id, now);
    }
    if (open.length === 0) {
      this.#missing = []; // of those that are over
      return;
    }
    this.#watching ??= this.#watch().finally(
      () => (this.#watching = undefined),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { clock, events } = this.#ports;
    const { signal } = this.#stop;
    try {
      for (;;) {
        await clock.sleep(LOOK_EVERY_MS, signal);
        if (!(await this.#decide())) return;
      }
    } catch (error) {
      if (!signal.aborted) events.trialsUnwatched(error);
    }
  }

  /** Whether anything is left to decide. */
  async #decide(): Promise<boolean> {
    const { ledger, signs, clock, heardAt } = this.#ports;
    this.#missing = await signs.missing();
    const now = { ban: clock.now(), monotonic: clock.monotonic() };
    const heard = heardAt();
    const open = ledger.trials();
    const isProven = (trial: Trial) => {
      const since = this.#since.get(trial.id) ?? now.monotonic;
      const isRipe = now.monotonic - since >= AT_LEAST_MS;
      return isRipe && heard >= since && this.#missing.length === 0;
    };
    const isOver = ({ until }: Trial) => now.ban >= until * 1000 - MARGIN_MS;
    const proven = open.filter(isProven);
    const over = open.filter((trial) => isOver(trial) && !isProven(trial));
    this.#pass(proven);
    this.#fail(over, this.#missing.length > 0 ? this.#missing : [UNHEARD]);
    if (proven.length + over.length > 0) await this.#settled();
    return ledger.trials().length > 0;
  }

  #pass(trials: readonly Trial[]): void {
    const { ledger, events, ended } = this.#ports;
    if (trials.length === 0) return;
    ledger.settle(idsOf(trials), "passed");
    for (const trial of trials) {
      this.#since.delete(trial.id);
      events.trialPassed(trial);
      ended(trial, "passed");
    }
  }

  #fail(trials: readonly Trial[], why: readonly string[]): void {
    const { ledger, events, ended, failed } = this.#ports;
    if (trials.length === 0) return;
    ledger.settle(idsOf(trials), "failed");
    for (const trial of trials) {
      this.#since.delete(trial.id);
      events.trialFailed(trial, why);
      ended(trial, why);
      failed(`${trial.bans} bans of ${trial.feed}: ${why.join("; ")}`);
    }
  }

  /** What can't be enforced now is tried on by itself. */
  async #settled(): Promise<void> {
    await this.#ports.enforceSoon();
    void this.#ports.settled();
  }
}

const ENDED = "the agent ended in the midst of it, again and again";
const UNHEARD = "no signed word of the cloud was heard";

const idsOf = (trials: readonly Trial[]) => trials.map(({ id }) => id);

const LOOK_EVERY_MS = 1_000;

/** So long it takes at least until harm shows. */
const AT_LEAST_MS = 5_000;

/** Early enough before the kernel's timeouts end. */
const MARGIN_MS = 4_000;

const MOST_TRIES = 3;
