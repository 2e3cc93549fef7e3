import type { DecisionEvent } from "../journal/decision-events.js";
import type { ProposedChange } from "../journal/two-person-events.js";
import type { WaitingOrder } from "./proposed-orders.js";

/** Carries out one kind of change, once a second person has released it. */
export interface ChangeKind {
  /**
   * Appends what it comes to, and `along` with it, in one.
   * @param change as it was proposed
   * @throws NotOpen where it cannot be done any more
   */
  carryOut(
    change: Pick<ProposedChange, "text" | "base">,
    by: Pick<WaitingOrder, "operator" | "by">,
    along: readonly DecisionEvent[],
  ): Promise<void>;
}

/** By the name that proposals have in `of`. */
export type ChangeKinds = ReadonlyMap<string, ChangeKind>;
