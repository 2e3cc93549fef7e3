import type { FairQueue } from "./fair-queue.js";

export interface GateSettings {
  /** How many work at once. */
  readonly atOnce: number;
  /** Where the others wait; whoever is in the first of them goes first. */
  readonly lanes: readonly FairQueue[];
  /** What is thrown where one has no more room. */
  readonly full: () => Error;
}

/**
 * Lets few work at once, and of each owner one, since each may take much. Some wait,
 * fair among owners.
 */
export class Gate {
  readonly #settings: GateSettings;
  readonly #atWork = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  #tickets = 0;

  constructor(settings: GateSettings) {
    this.#settings = settings;
  }

  /** @throws what `full` makes, and what `work` throws */
  async run<T>(owner: string, work: () => Promise<T>, lane = 0): Promise<T> {
    if (this.#isFree(owner)) this.#atWork.add(owner);
    else await this.#wait(owner, lane);
    try {
      return await work();
    } finally {
      this.#atWork.delete(owner);
      this.#letIn();
    }
  }

  #isFree(owner: string): boolean {
    const { atOnce } = this.#settings;
    return this.#atWork.size < atOnce && !this.#atWork.has(owner);
  }

  async #wait(owner: string, lane: number): Promise<void> {
    const { lanes, full } = this.#settings;
    const ticket = String((this.#tickets += 1));
    if (lanes[lane]?.add(owner, ticket) !== true) throw full();
    await new Promise<void>((begin) =>
      this.#waiting.set(ticket, { owner, begin }),
    );
  }

  /** Whoever begins is at work from then on, so that nobody comes in between. */
  #letIn(): void {
    for (;;) {
      const ticket = this.#next();
      const next = ticket === undefined ? undefined : this.#waiting.get(ticket);
      if (ticket === undefined || next === undefined) return;
      this.#waiting.delete(ticket);
      this.#atWork.add(next.owner);
      next.begin();
    }
  }

  #next(): string | undefined {
    for (const lane of this.#settings.lanes) {
      const ticket = lane.next((owner) => this.#isFree(owner));
      if (ticket !== undefined) return ticket;
    }
    return undefined;
  }
}

interface Waiting {
  readonly owner: string;
  begin(): void;
}
