import * as v from "valibot";
import { EnrolmentAnswer, EnrolmentRequest } from "./enrolment.js";
import { limits } from "./limits.js";
import { Id, KeyId, Time, base64url, listOf, shortText } from "./shapes.js";

/** What is carried by hand beside bundles: small documents, each in a file of its own. */

/** A host's newest receipts: signed one by one, the file around them by nobody. */
export const CarriedReceipts = v.strictObject({
  type: v.literal("carried-receipts"),
  agent: Id,
  org: Id,
  /** The name that the cloud gives itself in its challenges. */
  cloud: shortText(128),
  madeAt: Time,
  receipts: listOf(
    v.strictObject({
      /** A `ReceiptV2`, exactly as it was signed. */
      signed: v.pipe(v.string(), v.maxBytes(limits.textBytes)),
      signature: base64url(64),
    }),
    limits.carriedReceipts,
  ),
});
export type CarriedReceipts = v.InferOutput<typeof CarriedReceipts>;

/** A host's request for enrolment; it holds the token's secret until that is spent. */
export const CarriedRequest = v.strictObject({
  type: v.literal("carried-request"),
  request: EnrolmentRequest,
});
export type CarriedRequest = v.InferOutput<typeof CarriedRequest>;

/** The cloud's answer to it. */
export const CarriedAnswer = v.strictObject({
  type: v.literal("carried-answer"),
  /** The device key that was enrolled: another host's answer is of no use. */
  key: KeyId,
  answer: EnrolmentAnswer,
});
export type CarriedAnswer = v.InferOutput<typeof CarriedAnswer>;
