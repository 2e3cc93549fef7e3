import type { Total } from "../model/hit.js";

/** What bans matched in the last hour, for who looks at this host itself. */
export interface LastHourView {
  /** Milliseconds since 1970: from when on it was counted, at most an hour ago. */
  readonly since: number;
  /** Packets of each two minutes, the oldest first, dropped or observed. */
  readonly packets: readonly number[];
}

/**
 * Remembers what the kernel's totals grew by, in so many slots of two minutes as
 * make an hour. A total that went back was begun anew by the kernel: all of it is
 * new. Nothing of it outlives the agent, and nothing of it is reported.
 */
export class LastHour {
  readonly #slots = new Map<number, number>();
  #before: ReadonlyMap<string, number> | undefined;
  #since = 0;

  /** `now` in milliseconds since 1970, by the clock that people read. */
  note(totals: readonly Total[], now: number): void {
    const counts = new Map(totals.map((each) => [kindOf(each), each.packets]));
    const before = this.#before;
    this.#before = counts;
    if (before === undefined || now < this.#since) {
      this.#slots.clear(); // a clock that was set back begins another hour
      this.#since = now;
      return;
    }
    const slot = slotOf(now);
    for (const [kind, packets] of counts) {
      const known = before.get(kind) ?? 0;
      const grown = packets < known ? packets : packets - known;
      this.#slots.set(slot, (this.#slots.get(slot) ?? 0) + grown);
    }
    for (const old of this.#slots.keys()) {
      if (old <= slot - SLOTS || old > slot) this.#slots.delete(old);
    }
  }

  view(now: number): LastHourView {
    const last = slotOf(now);
    const packets = Array.from(
      { length: SLOTS },
      (_, i) => this.#slots.get(last - SLOTS + 1 + i) ?? 0,
    );
    const first = (last - SLOTS + 1) * SLOT_MS;
    return { since: Math.max(this.#since, first), packets };
  }
}

const SLOTS = 30;
const SLOT_MS = 120_000;

const slotOf = (now: number): number => Math.floor(now / SLOT_MS);

const kindOf = ({ family, direction, observed }: Total): string =>
  `${direction}${family}${observed ? "o" : ""}`;
