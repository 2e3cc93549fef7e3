import type { FairQueue } from "./fair-queue.js";

/** Where some of those wait who may not work yet. */
export interface Lane {
  readonly queue: FairQueue;
  /** How many of it work at once: what is left is for the others. */
  readonly atOnce: number;
}

export interface GateSettings {
  /** How many work at once. */
  readonly atOnce: number;
  /** Whoever is in the first of them goes first. */
  readonly lanes: readonly Lane[];
  /** What is thrown where one has no more room, or has gone before its turn. */
  readonly full: () => Error;
}

/** How one comes to a gate. */
export interface Coming {
  /** The number of the lane; without it, the first. */
  readonly lane?: number;
  /** Aborted once nobody waits for the work any more. */
  readonly gone?: AbortSignal | undefined;
}

/**
 * Lets few work at once, and of each owner one, since each may take much. Some wait,
 * fair among owners.
 */
export class Gate {
  readonly #settings: GateSettings;
  /** By owner: in which lane each came. */
  readonly #atWork = new Map<string, number>();
  readonly #waiting = new Map<string, Waiting>();
  #tickets = 0;

  constructor(settings: GateSettings) {
    this.#settings = settings;
  }

  /** @throws what `full` makes, and what `work` throws */
  async run<T>(
    owner: string,
    work: () => Promise<T>,
    { lane = 0, gone }: Coming = {},
  ): Promise<T> {
    if (this.#isFree(owner, lane)) this.#atWork.set(owner, lane);
    else await this.#wait(owner, lane, gone);
    try {
      return await work();
    } finally {
      this.#atWork.delete(owner);
      this.#letIn();
    }
  }

  #isFree(owner: string, lane: number): boolean {
    const { atOnce, lanes } = this.#settings;
    if (this.#atWork.size >= atOnce || this.#atWork.has(owner)) return false;
    const ofLane = [...this.#atWork.values()].filter((each) => each === lane);
    return ofLane.length < (lanes[lane]?.atOnce ?? 0);
  }

  async #wait(
    owner: string,
    lane: number,
    gone: AbortSignal | undefined,
  ): Promise<void> {
    const { lanes, full } = this.#settings;
    const queue = lanes[lane]?.queue;
    const ticket = String((this.#tickets += 1));
    if (gone?.aborted === true || queue?.add(owner, ticket) !== true) {
      throw full();
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        queue.remove(owner, ticket);
        this.#waiting.delete(ticket);
        reject(full());
      };
      const begin = () => {
        gone?.removeEventListener("abort", leave);
        resolve();
      };
      gone?.addEventListener("abort", leave);
      this.#waiting.set(ticket, { owner, lane, begin });
    });
  }

  /** Whoever begins is at work from then on, so that nobody comes in between. */
  #letIn(): void {
    for (;;) {
      const ticket = this.#next();
      const next = ticket === undefined ? undefined : this.#waiting.get(ticket);
      if (ticket === undefined || next === undefined) return;
      this.#waiting.delete(ticket);
      this.#atWork.set(next.owner, next.lane);
      next.begin();
    }
  }

  #next(): string | undefined {
    for (const [lane, { queue }] of this.#settings.lanes.entries()) {
      const ticket = queue.next((owner) => this.#isFree(owner, lane));
      if (ticket !== undefined) return ticket;
    }
    return undefined;
  }
}

interface Waiting {
  readonly owner: string;
  readonly lane: number;
  begin(): void;
}
