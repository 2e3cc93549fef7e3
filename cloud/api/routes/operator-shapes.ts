import * as v from "valibot";
import { shortText } from "../../../agent/protocol/shapes.js";
import { ROLES } from "../../operators/roles.js";
import { whole } from "../../whole.js";
import { secondsOf } from "../fields.js";
import { Time } from "../table/answer.js";
import { said } from "../table/said.js";

/** What of operators, their credentials and enrolment tokens goes in and out. */

export const RoleName = v.picklist(ROLES);

/** The longest that a machine's ban may be told to last: a year of seconds. */
const YEAR_S = 366 * 24 * 60 * 60;

export const Limits = v.strictObject({
  perMinute: whole(1, 10_000),
  /** Prefix lengths: what is shorter is wider. */
  widestV4: whole(8, 32),
  widestV6: whole(16, 128),
  longestS: whole(1, YEAR_S),
});

export const Label = shortText(128);

/** Nobody is to find a secret of years ago that still counts. */
const LONGEST_LIFE_S = 366 * 24 * 60 * 60;

/** Seconds of "30s", "15m", "4h" or "7d": at most a year. */
export const Lifetime = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,7}[smhd]$/, "is not a time such as 30s, 15m, 4h or 7d"),
  said(
    v.check(
      (text: string) => !((secondsOf(text) ?? NaN) > LONGEST_LIFE_S),
      "is more than 366d; make a new one then",
    ),
    { description: "Such as 30s, 15m, 4h or 7d; at most 366d." },
  ),
  v.transform((text) => secondsOf(text) ?? NaN),
);

const LimitsOut = v.object({
  ...{ perMinute: v.number(), widestV4: v.number(), widestV6: v.number() },
  longestS: v.number(),
});

export const OperatorOut = v.object({
  ...{ id: v.string(), name: v.string(), role: RoleName },
  org: v.nullable(v.string()),
  limits: v.nullable(LimitsOut),
  collection: v.nullable(v.string()),
  subject: v.nullable(v.object({ issuer: v.string(), subject: v.string() })),
  addedAt: Time,
  addedBy: v.string(),
  disabledAt: v.nullable(Time),
});

export const CredentialOut = v.object({
  ...{ id: v.string(), operator: v.string() },
  of: v.picklist(["token", "passkey", "password"]),
  label: v.string(),
  role: v.nullable(RoleName),
  addedAt: Time,
  addedBy: v.string(),
  expiresAt: v.nullable(Time),
  revokedAt: v.nullable(Time),
  revokedBy: v.nullable(v.string()),
  revokedWhy: v.nullable(v.string()),
});

/** Who one is, to oneself. */
export const CallerOut = v.object({
  ...{ operator: v.string(), name: v.string(), role: RoleName },
  org: v.nullable(v.string()),
  ...{ credential: v.string(), from: v.string() },
  steppedUpUntil: v.nullable(Time),
  limits: v.nullable(LimitsOut),
  collection: v.nullable(v.string()),
});
