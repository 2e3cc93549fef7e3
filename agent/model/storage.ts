/** How much room the state folder leaves: "reserve" takes lifts, the operator's orders and urgent bans alone; "full" takes nothing. */
export type StorageState = "ok" | "reserve" | "full";

/** How much room is left, and which of the operator's orders no disk has taken. */
export interface Storage {
  readonly state: StorageState;
  readonly untilRestart: readonly string[];
  /** The ledger can't even be opened for writing, and a copy is used. */
  readonly isStandIn: boolean;
}
