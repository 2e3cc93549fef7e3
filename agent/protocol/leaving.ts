import * as v from "valibot";
import { limits } from "./limits.js";
import { Id, Time, base64url, shortText } from "./shapes.js";

/** A device's word that its host goes, and is not to be waited for. */
export const Leaving = v.strictObject({
  agent: Id,
  cloud: shortText(128),
  /** Of the host's clock: another time it is no word of now. */
  time: Time,
});
export type Leaving = v.InferOutput<typeof Leaving>;

/** Body of `POST /v1/leave`. */
export const LeavingRequest = v.strictObject({
  /** A `Leaving`, exactly as it was signed. */
  signed: v.pipe(v.string(), v.maxBytes(limits.textBytes)),
  /** By the key that the cloud knows. */
  signature: base64url(64),
});
export type LeavingRequest = v.InferOutput<typeof LeavingRequest>;
