import * as v from "valibot";
import { Statement } from "../protocol/statement.js";
import { TelemetryItem } from "../protocol/telemetry.js";

/**
 * A statement as it waits: it is signed when it is sent, since the device may have
 * another key by then.
 */
const StatementToSign = v.strictObject({
  kind: v.literal("statement"),
  document: Statement,
});

/** What a spool holds. */
export const SpooledItem = v.variant("kind", [
  ...TelemetryItem.options,
  StatementToSign,
]);
export type SpooledItem = v.InferOutput<typeof SpooledItem>;

/** Items that are to be sent together, numbered from `first` without gaps. */
export interface SpooledMessage {
  readonly type: "telemetry";
  readonly spool: string;
  readonly first: number;
  readonly items: readonly SpooledItem[];
}
