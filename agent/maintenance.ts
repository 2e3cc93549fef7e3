import { unixSeconds, type Clock } from "./clock.js";
import type { AgentEvents } from "./events.js";
import { guardDigest } from "./guard/digest.js";
import type { GuardPolicy, HostFacts } from "./guard/facts.js";
import { holdingRule } from "./guard/guard.js";
import { isLimitRule } from "./guard/limits.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Guard } from "./ledger/review.js";
import { NOT_CONFIRMED } from "./ledger/trials.js";
import { Mutex } from "./mutex.js";

export interface MaintenancePorts {
  readonly ledger: Pick<Ledger, "purge" | "reviewAgain" | "revision" | "word">;
  readonly facts: () => HostFacts;
  readonly policy: GuardPolicy;
  /** By whose time bans expire. */
  readonly clock: Clock;
  readonly events: Pick<AgentEvents, "maintenanceFailed">;
  /** Bans were held or released: the kernel is to know. */
  readonly enforce: () => Promise<void>;
}

/**
 * What the ledger needs beside the walk, in slices of some milliseconds, so that
 * nothing waits for the whole. When it is disposed, no slice runs any more.
 */
export class Maintenance implements AsyncDisposable {
  readonly #ports: MaintenancePorts;
  readonly #turns = new Mutex();
  readonly #stop = new AbortController();

  constructor(ports: MaintenancePorts) {
    this.#ports = ports;
  }

  /** All of it, as far as there is anything to do. */
  run(): Promise<void> {
    return this.#turns.run(async () => {
      try {
        await this.#review();
        await this.#tidy();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#ports.events.maintenanceFailed(error);
      }
    });
  }

  /** Waits for the slice under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#turns.run(() => Promise.resolve());
  }

  /** Shows recorded bans to the guard as it is now, if it is another. */
  async #review(): Promise<void> {
    const { ledger, enforce } = this.#ports;
    if (this.#stop.signal.aborted) return;
    const before = ledger.revision();
    const guard = this.#guard(); // one for the whole round, so that it ends
    await this.#inSlices((now) => ledger.reviewAgain(guard, ROWS_AT_ONCE, now));
    const { word } = ledger;
    await this.#inSlices((now) => word.endWithholding(now, RANGES_AT_ONCE));
    if (ledger.revision() === before) return;
    await enforce().catch(() => undefined); // it tells, and goes on trying
  }

  #guard(): Guard {
    const { policy, ledger, clock } = this.#ports;
    const facts = this.#ports.facts();
    const now = unixSeconds(clock.now());
    return {
      digest: guardDigest(facts, policy),
      holdingRule: (ban) =>
        holdingRule(ban.cidr, facts, policy) ??
        (isLasting(ban.held) ? ban.held : undefined) ??
        ledger.word.withheldRuleOf(ban, now),
    };
  }

  /** Takes out what counts no more. */
  #tidy(): Promise<void> {
    const { ledger } = this.#ports;
    return this.#inSlices((now) => ledger.purge(now, ROWS_AT_ONCE));
  }

  async #inSlices(slice: (now: number) => boolean): Promise<void> {
    const { clock } = this.#ports;
    const { signal } = this.#stop;
    while (!signal.aborted && slice(unixSeconds(clock.now()))) {
      await clock.sleep(BETWEEN_SLICES_MS, signal);
    }
  }
}

/** Whether a ban stays held by this whatever the guard says of its range. */
const isLasting = (held: string | undefined): boolean =>
  held === NOT_CONFIRMED || isLimitRule(held);

const ROWS_AT_ONCE = 2_000;
/** Each is looked up in every feed. */
const RANGES_AT_ONCE = 200;
const BETWEEN_SLICES_MS = 20;
