import type { ReceiptItem } from "../../cloud/cli/ask-answers.js";
import type { LabCloud } from "../lab/lab.js";
import { until } from "../lab/run.js";

/** The receipt for one position, once it has come. */
export function receiptAt(
  cloud: LabCloud,
  feed: string,
  offset: number,
): Promise<Receipt> {
  const path = `/api/v1/receipts?feed=${encodeURIComponent(feed)}&offset=${offset}`;
  return until("the receipt", async () => {
    const { items } = await cloud.api<Receipts>("GET", path);
    return items[0]?.receipt;
  });
}

/** The receipts of so many hosts for an urgent position, or one beyond it. */
export function receiptsAt(
  cloud: LabCloud,
  offset: number,
  hosts: number,
): Promise<readonly Receipt[]> {
  const path = `/api/v1/receipts?feed=urgent&offset=${offset}`;
  return until("receipts from all hosts", async () => {
    const { items } = await cloud.api<Receipts>("GET", path);
    const byAgent = new Map(
      items.map(({ receipt }) => [receipt.agent, receipt]),
    );
    return byAgent.size >= hosts ? [...byAgent.values()] : undefined;
  });
}

export type Receipt = ReceiptItem["receipt"];

interface Receipts {
  readonly items: readonly ReceiptItem[];
}

/** When the kernel had it, in milliseconds since 1970. */
export const enforcedAt = ({ receivedAt, enforcedMs }: Receipt): number =>
  Date.parse(receivedAt) + enforcedMs;

/**
 * Bans one address after another and returns how long each took from the
 * decision in the cloud to the read-back from the kernel, in milliseconds: both
 * clocks are this machine's.
 */
export async function decisionTimes(
  cloud: LabCloud,
  count: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const order = { range: `192.0.2.${i}`, for: "10m", reason: "demo: timing" };
    const { offset, decidedAt } = await cloud.api<{
      offset: number;
      decidedAt: string;
    }>("POST", "/api/v1/bans", order);
    const receipt = await receiptAt(cloud, "urgent", offset);
    times.push(enforcedAt(receipt) - Date.parse(decidedAt));
  }
  return times;
}
