import type { Contest } from "../../api-types.js";
import type { Tone } from "../../parts/bits.js";

export function stateOf({
  state,
  isOverdue,
}: Contest): readonly [string, Tone] {
  if (state === "open")
    return isOverdue ? ["overdue", "bad"] : ["waits", "warn"];
  return STATES[state];
}

const STATES: Readonly<
  Record<Exclude<Contest["state"], "open">, readonly [string, Tone]>
> = {
  released: ["released", "good"],
  shortened: ["shortened", "good"],
  refused: ["refused", "calm"],
};

/** How it is known whose address it is. */
export const PROOFS: Readonly<Record<Contest["proof"], string>> = {
  "from-address": "It came from the address itself",
  code: "It came with a code that one of us gave out",
  operator: "One of us opened it for them",
};

/** What waits longest comes first, and so what is overdue. */
export const byUrgency = (contests: readonly Contest[]): readonly Contest[] =>
  contests.toSorted((a, b) => Date.parse(a.answerBy) - Date.parse(b.answerBy));
