import * as v from "valibot";
import { InvalidCidr, parseCidr, type Cidr } from "../model/cidr.js";
import { translatorProblem } from "../model/translators.js";

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

export const absolutePath = v.pipe(
  v.string(),
  v.startsWith("/", "must be an absolute path"),
  v.maxLength(4096),
);

export const cidr = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Cidr => {
    try {
      return parseCidr(dataset.value);
    } catch (error) {
      if (!(error instanceof InvalidCidr)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  }),
);

/** As many as a host could have; each protected range counts again in each. */
export const translators = v.pipe(
  v.array(cidr),
  v.maxLength(8),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const message = translatorProblem(dataset.value);
    if (message !== undefined) addIssue({ message });
  }),
);

export const prefixLength = (most: number) =>
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(1, `must be from 1 to ${most}`),
    v.maxValue(most, `must be from 1 to ${most}`),
  );

export const port = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1, "must be from 1 to 65535"),
  v.maxValue(65_535, "must be from 1 to 65535"),
);

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
