import type { Clock } from "./clock.js";
import type { Converger } from "./converge.js";
import type { AgentEvents } from "./events.js";
import { retryDelayMs } from "./uplink/retry-delay.js";

export interface EnforcementPorts {
  readonly converger: Pick<Converger, "converge">;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly events: Pick<AgentEvents, "notEnforced">;
  /** The kernel holds again what it had refused before. */
  recovered(): void;
}

/**
 * Converges on demand, and after a failure again and again until the kernel
 * holds what the ledger says: a ban that is recorded is never given up.
 */
export class Enforcement implements Disposable {
  readonly #ports: EnforcementPorts;
  readonly #stop = new AbortController();
  #retrying = false;

  constructor(ports: EnforcementPorts) {
    this.#ports = ports;
  }

  /** @throws NotEnforced, and goes on trying by itself */
  async enforce(): Promise<void> {
    try {
      await this.#ports.converger.converge();
    } catch (error) {
      if (!this.#retrying) void this.#retry(error);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #retry(first: unknown): Promise<void> {
    const { converger, clock, random, events } = this.#ports;
    this.#retrying = true;
    let error = first;
    for (let failures = 1; !this.#stop.signal.aborted; failures++) {
      const delayMs = retryDelayMs({ kind: "backoff" }, failures, random);
      events.notEnforced(error, delayMs);
      try {
        await clock.sleep(delayMs, this.#stop.signal);
        await converger.converge();
        this.#ports.recovered();
        break;
      } catch (again) {
        error = again;
      }
    }
    this.#retrying = false;
  }
}
