import * as v from "valibot";
import { Hello, Receipt } from "./documents.js";
import { Capabilities, extended } from "./ext.js";
import { limits } from "./limits.js";
import { Time, WirePosition, listOf } from "./shapes.js";

/** Documents of version 2, where they say more than those of version 1. */

export const HelloV2 = v.strictObject({
  ...Hello.entries,
  /** What this agent can do beyond what version 2 asks of all. */
  capabilities: Capabilities,
  ...extended,
});
export type HelloV2 = v.InferOutput<typeof HelloV2>;

/** Where all feeds of an agent stand at a date, in one signed statement. */
export const State = v.strictObject({
  type: v.literal("state"),
  time: Time,
  heads: v.pipe(
    listOf(WirePosition, limits.feeds),
    v.check(
      (heads) => new Set(heads.map(({ feed }) => feed)).size === heads.length,
      "names a feed twice",
    ),
  ),
  ...extended,
});
export type State = v.InferOutput<typeof State>;

export const ReceiptV2 = v.strictObject({ ...Receipt.entries, ...extended });
export type ReceiptV2 = v.InferOutput<typeof ReceiptV2>;
