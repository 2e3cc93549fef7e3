import type { Clock } from "../../agent/runtime/clock.js";
import { FairQueue, type Taken } from "../rate/fair-queue.js";

/**
 * Attackers of whom so much is told that a look takes long, and came to nothing:
 * each rests for a while, and who is seen meanwhile is due afterwards.
 */
export class Rests {
  readonly #clock: Pick<Clock, "monotonic">;
  /** Until when, in monotonic milliseconds: some 600, as looks take so long. */
  readonly #until = new Map<string, number>();
  readonly #due = new FairQueue(DUE);

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** A look at it took so many milliseconds, and came to nothing. */
  begin(attacker: string, tookMs: number): void {
    if (tookMs < LONG_MS) return;
    const lasts = Math.min(tookMs * TIMES, MOST_MS);
    this.#until.set(attacker, this.#clock.monotonic() + lasts);
  }

  isResting(attacker: string): boolean {
    return this.#clock.monotonic() < (this.#until.get(attacker) ?? 0);
  }

  /** Reports whether it is due then; there may be no room for more of the owner. */
  wait({ owner, item }: Taken): boolean {
    return this.#due.add(owner, item);
  }

  /** Who is due, and rests no more. */
  over(): readonly Taken[] {
    for (const attacker of this.#until.keys()) {
      if (!this.isResting(attacker)) this.#until.delete(attacker);
    }
    const over: Taken[] = [];
    for (let left = this.#due.size; left > 0; left--) {
      const due = this.#due.take();
      if (due === undefined) break;
      if (this.#until.has(due.item)) this.wait(due);
      else over.push(due);
    }
    return over;
  }
}

/** A look that takes so long has read thousands of rows. */
const LONG_MS = 50;

/** A twentieth of the time is for looks at it, and within half a minute there is one. */
const TIMES = 20;
const MOST_MS = 30_000;

/** At some 100 bytes each: 2 MB. */
const DUE = { ofOne: 1_000, inAll: 20_000 } as const;
