import { DOWNLOADS, DOWNLOADS_OF_ONE_AGENT } from "../door/budgets.js";
import { Crowd } from "../door/crowd.js";

/** Who fetches a snapshot. */
export interface Fetcher {
  readonly agent: string;
  readonly org: string;
}

interface Download extends Fetcher {
  cut(): void;
}

/**
 * Snapshots that are on their way, each an open file. One org's fleet waits for
 * itself; where there is no room left at all, the org with the most gives way,
 * and its agent goes on later from where it was cut.
 */
export class Downloads {
  readonly #running = new Crowd<Download>(DOWNLOADS);

  get size(): number {
    return this.#running.size;
  }

  /** Undefined when the agent or its org has as many as it may. */
  begin(fetcher: Fetcher, cut: () => void): Disposable | undefined {
    const { agent, org } = fetcher;
    if (this.#running.countOf(org) >= DOWNLOADS.ofOne) return undefined;
    if (this.#of(agent) >= DOWNLOADS_OF_ONE_AGENT) return undefined;
    const download = { agent, org, cut };
    this.#running.enter(download, org)?.cut();
    return { [Symbol.dispose]: () => this.#running.leave(download, org) };
  }

  #of(agent: string): number {
    return [...this.#running].filter((each) => each.agent === agent).length;
  }
}
