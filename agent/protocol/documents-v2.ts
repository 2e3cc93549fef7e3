import * as v from "valibot";
import { Hello, Receipt } from "./documents.js";
import { Capabilities, extended } from "./ext.js";

/** Documents of version 2, where they say more than those of version 1. */

export const HelloV2 = v.strictObject({
  ...Hello.entries,
  /** What this agent can do beyond what version 2 asks of all. */
  capabilities: Capabilities,
  ...extended,
});
export type HelloV2 = v.InferOutput<typeof HelloV2>;

export const ReceiptV2 = v.strictObject({ ...Receipt.entries, ...extended });
export type ReceiptV2 = v.InferOutput<typeof ReceiptV2>;
