import type { Damage } from "../../enforce/disturbance.js";
import type { AgentEvents } from "../../events/events.js";
import type { Clock } from "../../runtime/clock.js";
import { EnforcementSuspended } from "../../safe-mode/read-only-enforcer.js";
import { retryDelayMs } from "../../uplink/retry-delay.js";
import type { Reconciler } from "./reconciler.js";

export interface ReconcileRetriesPorts {
  readonly reconciler: Pick<Reconciler, "reconcile" | "repair">;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly events: Pick<AgentEvents, "notEnforced">;
  /** The kernel holds what it had refused before: the ledger at this revision. */
  recovered(revision: number): void;
}

/**
 * Reconciles on demand, and after a failure retries with backoff until the kernel
 * holds what the ledger says: a ban that is recorded is never given up.
 */
export class ReconcileRetries implements Disposable {
  readonly #ports: ReconcileRetriesPorts;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #retrying = false;

  constructor(ports: ReconcileRetriesPorts) {
    this.#ports = ports;
  }

  /** @throws NotEnforced, and goes on trying by itself */
  enforce(): Promise<void> {
    return this.#untilDone(() => this.#ports.reconciler.reconcile());
  }

  /** For who need not know: what fails is told, and tried again by itself. */
  async enforceSoon(): Promise<void> {
    await this.enforce().catch(() => undefined);
  }

  /** Repairs what somebody else has damaged. @throws NotEnforced, and goes on trying by itself */
  repair(damage: Damage): Promise<void> {
    return this.#untilDone(() => this.#ports.reconciler.repair(damage));
  }

  async #untilDone(act: () => Promise<number>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (error instanceof EnforcementSuspended) throw error; // until the next start
      if (!this.#retrying) void this.#retry(error);
      throw error;
    }
    this.#wake.abort(); // a retry has nothing left to wait for
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #retry(first: unknown): Promise<void> {
    const { reconciler, random, events } = this.#ports;
    this.#retrying = true;
    let error = first;
    for (let failures = 1; ; failures++) {
      const delayMs = retryDelayMs({ kind: "backoff" }, failures, random);
      events.notEnforced(error, delayMs);
      if (!(await this.#goesOn(delayMs))) break;
      try {
        this.#ports.recovered(await reconciler.reconcile());
        break;
      } catch (again) {
        error = again;
      }
    }
    this.#retrying = false;
  }

  /** Waits, but not once another was able to enforce; false when all is over. */
  async #goesOn(delayMs: number): Promise<boolean> {
    this.#wake = new AbortController();
    const early = AbortSignal.any([this.#wake.signal, this.#stop.signal]);
    await this.#ports.clock.sleep(delayMs, early).catch(() => undefined);
    return !this.#stop.signal.aborted;
  }
}

/** A start goes on if this fails: the retry is under way, and the cloud may help. */
export async function enforceFirst(
  enforcement: ReconcileRetries,
  done: () => void,
): Promise<void> {
  try {
    await enforcement.enforce();
    done();
  } catch {
    return;
  }
}
