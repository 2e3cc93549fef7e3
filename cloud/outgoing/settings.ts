import * as v from "valibot";
import { cidr } from "../../agent/config/shapes.js";

const Ranges = v.pipe(v.array(cidr), v.maxLength(64));

/**
 * `outgoing` in `cloud.json`: where the cloud may go when it follows a URL that
 * an operator gave, beside what everybody reaches by https on the internet.
 */
export const OutgoingSettings = v.strictObject({
  /**
   * Ranges that may be reached though they are private or special. What is this
   * machine's own, and where clouds keep machines' credentials, has to be named
   * as the single address; a range of several kinds opens none of them.
   */
  allow: v.optional(Ranges, []),
  /** Ranges that may be reached by http, where nobody else listens. */
  plainHttp: v.optional(Ranges, []),
  /** Ports that may be reached; in `allow` also all from 1024 on. */
  ports: v.optional(
    v.pipe(
      v.array(
        v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
      ),
      v.maxLength(16),
    ),
    [443],
  ),
  /** PEM of authorities that are believed beside Node's own. */
  caFile: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4096))),
});
export type OutgoingSettings = v.InferOutput<typeof OutgoingSettings>;
