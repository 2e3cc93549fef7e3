import type { Receipt } from "../../agent/protocol/documents.js";
import type { ReceiptV2 } from "../../agent/protocol/documents-v2.js";

/**
 * A receipt out of the journal. Its shape was checked before it got there, by
 * the rules of that day, so it is not held against those of today.
 */
export const keptReceipt = (signed: string): Receipt =>
  JSON.parse(signed) as Receipt;

/** Version of its org's policy that a host says it goes by; null for none. */
export function policyIn(
  receipt: Receipt & Partial<Pick<ReceiptV2, "ext">>,
): number | null {
  const version = receipt.ext?.["policy"];
  return Number.isSafeInteger(version) ? (version as number) : null;
}
