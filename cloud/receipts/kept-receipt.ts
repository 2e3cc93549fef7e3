import type { Receipt } from "../../agent/protocol/documents.js";

/**
 * A receipt out of the journal. Its shape was checked before it got there, by
 * the rules of that day, so it is not held against those of today.
 */
export const keptReceipt = (signed: string): Receipt =>
  JSON.parse(signed) as Receipt;
