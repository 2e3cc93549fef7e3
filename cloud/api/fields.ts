import * as v from "valibot";
import { FOREVER, LONGEST_REASON } from "../../agent/model/ban.js";
import { InvalidCidr, parseCidr, type Cidr } from "../../agent/model/cidr.js";
import { isFeedName, type FeedName } from "../../agent/model/position.js";
import type { Waits } from "../decide/waits.js";
import { said, type JsonSchema } from "./table/said.js";

/** The fields that operators fill in, in bodies and queries. */

/** A range that may be banned: anything but all there is. */
export const Range = v.pipe(
  v.string(),
  short(64, {
    examples: ["203.0.113.7", "2001:db8::/32"],
    description: "An address or a CIDR range, of IPv4 or IPv6",
  }),
  v.rawTransform(readRange),
);

/** Seconds, or undefined for ever, from "30s", "15m", "4h", "7d", "permanent". */
export const Term = v.pipe(
  v.string(),
  short(16, {
    examples: ["30s", "15m", "4h", "7d", "permanent"],
    pattern: "^\\s*(\\d{1,9}[smhd]|permanent)\\s*$",
  }),
  v.rawTransform(readTerm),
);

/** Any feed but `local`, which never leaves its host. */
export const CloudFeed = said(
  v.custom<FeedName>(
    (input) =>
      typeof input === "string" && isFeedName(input) && input !== "local",
    '"urgent", "reputation" or "org/<id>" is expected',
  ),
  {
    ...{ type: "string", maxLength: 36 },
    pattern: "^(urgent|reputation|org/[a-z0-9][a-z0-9-]{0,31})$",
  },
);

/** What people write, in one line. */
export const plainText = (mostBytes: number) =>
  v.pipe(
    v.string(),
    v.maxBytes(mostBytes, `may have at most ${mostBytes} bytes`),
    v.regex(/^\P{Cc}*$/u, "may hold no control characters"),
  );

export const Reason = plainText(LONGEST_REASON);

export const MOST_RANGES = 10_000;

export const Ranges = v.pipe(
  v.array(Range),
  v.minLength(1),
  v.maxLength(MOST_RANGES),
);

/** How long each ring of hosts waits for the one before: "10m,1h,6h". */
export const RingWaits = v.pipe(
  v.string(),
  short(64, {
    examples: ["10m,1h,6h"],
    description: "How long the 2nd, 3rd and 4th ring wait for the one before",
  }),
  v.rawTransform(readWaits),
);

/** Milliseconds since 1970, from RFC 3339. */
export const Moment = v.pipe(
  v.string(),
  v.isoTimestamp("is no time: write 2026-11-28T14:00:00Z"),
  v.transform(Date.parse),
  v.number(),
);

/** A boolean as a query says it. */
export const YesOrNo = v.pipe(
  v.picklist(["true", "false"]),
  v.transform((text) => text === "true"),
);

/** An id or a name that is looked up: whatever it is, it is short. */
export const Named = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(256, "has more than 256 characters"),
);

/** A whole number of a query, from `least` to `most`. */
export const wholeNumber = (least = 0, most = 999_999_999_999_999) =>
  v.pipe(
    v.string(),
    said(v.regex<string, string>(/^\d{1,15}$/, "is not a whole number"), {
      ...{ type: "integer", minimum: least, maximum: most },
      pattern: undefined,
    }),
    v.transform(Number),
    v.minValue(least),
    v.maxValue(most),
  );

/** How many a page has at most. */
export const limitOf = (usual: number) =>
  said(v.optional(wholeNumber(1, MOST_ON_A_PAGE), String(usual)), {
    default: usual,
  });

/** What one answer brings at most. */
const MOST_ON_A_PAGE = 10_000;

/** The first check of a text that is then read in code, with what it takes. */
function short(most: number, more: JsonSchema) {
  const message = `has more than ${most} characters`;
  const check = v.maxLength<string, number, string>(most, message);
  return said(check, { maxLength: most, ...more });
}

function readRange(context: v.RawTransformContext<string>): Cidr {
  const { dataset, addIssue } = context;
  try {
    const cidr = parseCidr(dataset.value.trim());
    if (cidr.prefix > 0) return cidr;
    addIssue({
      message: `"${dataset.value}" would ban every address there is`,
    });
  } catch (error) {
    if (!(error instanceof InvalidCidr)) throw error;
    addIssue({ message: error.message });
  }
  return context.NEVER;
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

function readWaits(context: v.RawTransformContext<string>): Waits {
  const { dataset, addIssue } = context;
  const waits = dataset.value.split(",").map((each) => secondsOf(each.trim()));
  const [early, broad, all] = waits;
  const isWhole = waits.length === 3 && early && broad && all;
  if (isWhole && early + broad + all <= LONGEST_RINGS) {
    return [early, broad, all];
  }
  addIssue({
    message: `"${dataset.value}" are not three durations of 30 days together; write 10m,1h,6h`,
  });
  return context.NEVER;
}

/** Thirty days: longer than that no segment is good. */
const LONGEST_RINGS = 30 * 86_400;

/** Seconds of "30s", "15m", "4h", "7d"; undefined for what is no duration. */
export function secondsOf(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Number(digits) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
}

function readTerm(context: v.RawTransformContext<string>): number | undefined {
  const { dataset, addIssue } = context;
  const text = dataset.value.trim();
  if (text === "permanent") return undefined;
  const seconds = secondsOf(text);
  if (seconds !== undefined && seconds > 0 && seconds < FOREVER) return seconds;
  addIssue({
    message: `"${text}" is not a duration; write 30s, 15m, 4h, 7d or permanent`,
  });
  return context.NEVER;
}
