import * as v from "valibot";
import { CloudFeed, wholeNumber } from "./fields.js";

/** Queries of what agents and watches of the log ask. */

const WholeNumber = wholeNumber();

/** Query of `GET /v2/log/head`. */
export const HeadQuery = v.strictObject({ from: WholeNumber });

/** Query of `GET /v1/segments`. */
export const SegmentsQuery = v.strictObject({
  feed: CloudFeed,
  epoch: v.string(),
  from: v.pipe(WholeNumber, v.minValue(1)),
});
