import type { Lift } from "../../agent/model/ban.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { Judgement } from "./judge.js";
import type { ListReport } from "./list.js";
import { RangeStore } from "./range-store.js";

/** A ban that a list brought and that stands. */
export interface BroughtRange {
  readonly cidr: Cidr;
  /** Until when the list bans it, as far as that is known: Unix seconds. */
  readonly until: number;
  /** Whether another list, an operator or a rule bans it as well. */
  readonly shared: boolean;
}

/** What a list brought before, held against what it has now. */
export class Replacement {
  readonly #now: RangeStore;
  readonly #gone = new RangeStore();
  #before = 0;
  #kept = 0;
  #still = 0;
  #stillUntil = Infinity;

  constructor(now: RangeStore) {
    this.#now = now;
  }

  see(page: readonly BroughtRange[]): void {
    this.#before += page.length;
    for (const { cidr, until, shared } of page) {
      if (this.#now.has(cidr)) {
        this.#still += 1;
        this.#stillUntil = Math.min(this.#stillUntil, until);
      } else if (shared) this.#kept += 1;
      else this.#gone.add(cidr);
    }
  }

  /** Whether the list is known to have all that it has now, until then at least. */
  isKnownUntil(until: number): boolean {
    return this.#still === this.#now.size && this.#stillUntil >= until;
  }

  /** Whether it had what it has no more. */
  get isLess(): boolean {
    return this.#before > this.#still;
  }

  get lifts(): Iterable<Lift> & { readonly size: number } {
    const gone = this.#gone;
    return {
      size: gone.size,
      *[Symbol.iterator]() {
        for (const { cidr } of gone) yield { op: "lift", cidr } as const;
      },
    };
  }

  get summary() {
    return {
      before: this.#before,
      lifted: this.#gone.size,
      kept: this.#kept,
    };
  }
}

/** A download that was cut off must not lift what it lacks. */
export function judgeReplacement(
  { entries }: Pick<ListReport, "entries">,
  { summary: { before, lifted } }: Pick<Replacement, "summary">,
  force: boolean,
): Judgement {
  if (force || !isShrunken(entries, before)) return { take: "all" };
  const why = `the list has shrunk from ${before} ranges to ${entries}, and ${lifted} bans would be lifted; --force replaces it all the same`;
  return { take: "nothing", why };
}

const isShrunken = (entries: number, before: number): boolean =>
  before >= FEW && entries < before / 2;

/** Whether it lifts more than this part of what the list holds, or has shrunk. */
export const cutsMuch = (
  { entries }: Pick<ListReport, "entries">,
  { summary: { before, lifted } }: Pick<Replacement, "summary">,
  part: number,
): boolean =>
  isShrunken(entries, before) || (before >= FEW && lifted > part * before);

/** Of so few, half is no sign of anything. */
const FEW = 8;
