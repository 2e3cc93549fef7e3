import type { Clock } from "../../agent/runtime/clock.js";
import { Crowd } from "../door/crowd.js";
import { UNDER_WAY, UNDER_WAY_MS } from "./budgets.js";

interface Entry<T> {
  readonly handle: string;
  readonly value: T;
  readonly party: string;
  readonly endsAt: number;
}

/**
 * What was begun with somebody who comes back with its handle: each is taken up
 * once, and not after ten minutes. It is kept in memory alone, so that no stranger
 * makes the disk write; a cloud that starts anew has people begin again.
 */
export class UnderWay<T> {
  readonly #clock: Pick<Clock, "monotonic">;
  /** The oldest first. */
  readonly #all = new Map<string, Entry<T>>();
  readonly #crowd = new Crowd<Entry<T>>(UNDER_WAY);

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#all.size;
  }

  /** @param party who makes room for it, where there are too many */
  begin(handle: string, value: T, party: string): void {
    const now = this.#clock.monotonic();
    this.#forgetBefore(now);
    const entry = { handle, value, party, endsAt: now + UNDER_WAY_MS };
    this.#all.set(handle, entry);
    const other = this.#crowd.enter(entry, party);
    if (other !== undefined) this.#all.delete(other.handle);
  }

  /** Undefined: it was never begun, was taken up before, or took too long. */
  take(handle: string): T | undefined {
    const entry = this.#all.get(handle);
    if (entry === undefined) return undefined;
    this.#leave(entry);
    return entry.endsAt > this.#clock.monotonic() ? entry.value : undefined;
  }

  #forgetBefore(now: number): void {
    for (const entry of this.#all.values()) {
      if (entry.endsAt > now) return;
      this.#leave(entry);
    }
  }

  #leave(entry: Entry<T>): void {
    this.#all.delete(entry.handle);
    this.#crowd.leave(entry, entry.party);
  }
}
