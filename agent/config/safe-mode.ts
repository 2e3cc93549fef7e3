import * as v from "valibot";
import { duration, section } from "./shapes.js";

export interface SafeMode {
  /** So many unclean starts; 0 switches it off, and poison with it. */
  readonly starts: number;
  readonly withinSeconds: number;
  readonly lastsSeconds: number;
}

export const SafeModeShape = v.optional(
  v.pipe(
    section({
      starts: v.optional(
        v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100)),
        3,
      ),
      within: v.optional(duration, "10m"),
      lasts: v.optional(
        v.pipe(duration, v.maxValue(86_400, "must be at most 1d")),
        "15m",
      ),
    }),
    v.transform(({ starts, within, lasts }): SafeMode => ({
      ...{ starts, withinSeconds: within, lastsSeconds: lasts },
    })),
  ),
  {},
);
