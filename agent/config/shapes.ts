import * as v from "valibot";

/** "30s", "10m", "4h" or "7d", from a second to a year; as seconds. */
export const duration = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,7}[smhd]$/, "must be a time such as 30s, 10m, 4h or 7d"),
  v.transform((text) => {
    const unit = UNIT_SECONDS[text.slice(-1) as keyof typeof UNIT_SECONDS];
    return Number(text.slice(0, -1)) * unit;
  }),
  v.maxValue(365 * 86_400, "must be at most 365d"),
);

/** Unlike `strictObject`, this names every unknown key and not only the first. */
export const section = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.objectWithRest(entries, v.never("is no setting that is known"));

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
