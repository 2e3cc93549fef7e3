import type { TakenReceipt } from "../carry/carried-receipts.js";

/** What became of receipts that were carried here. */
export interface TakenAnswer {
  readonly agent: string;
  readonly receipts: readonly TakenReceipt[];
}
