import * as v from "valibot";
import { parseCidr, type Family } from "../model/cidr.js";
import { isOfGroup } from "../model/position.js";
import { isAtMost } from "../model/translators.js";
import { extended } from "./ext.js";
import { limits } from "./limits.js";
import { Count, Feed, Id, Range, Time, listOf, shortText } from "./shapes.js";
import { SignedText } from "./signed-text.js";

/**
 * What a customer wants of some of its hosts: documents of version 2. There is no
 * field for a host's mode, and none that pauses or releases anything: those are the
 * host's own.
 */

/** Shortest prefixes that a policy lets by itself, by family; wider takes an allowance. */
export const ALLOWED_BY_POLICY: Readonly<Record<Family, number>> = {
  4: 24,
  6: 48,
};

/** No allowance goes beyond these, nor does the IPv4 that a translator shows by it. */
export const WIDEST_ALLOWANCE: Readonly<Record<Family, number>> = {
  4: 8,
  6: 19,
};

/** Whether a document is good for no longer than one may be. */
const isForSoLong = (dates: {
  readonly issuedAt: number;
  readonly expiresAt: number;
}): boolean =>
  dates.expiresAt - dates.issuedAt <= limits.policyDays * 86_400_000;

const FOR_SO_LONG = `may be good for ${limits.policyDays} days at most`;

/**
 * Wider ranges that the policies of one org may let. Signed by the critical keys, and
 * carried within a policy.
 */
export const Allowance = v.pipe(
  v.strictObject({
    type: v.literal("allowance"),
    org: Id,
    issuedAt: Time,
    expiresAt: Time,
    ranges: listOf(
      v.pipe(
        Range,
        v.check(
          (text) => isAtMost(parseCidr(text), WIDEST_ALLOWANCE, []),
          "is wider than any allowance may be",
        ),
      ),
      limits.allowanceRanges,
      1,
    ),
    ...extended,
  }),
  v.check((dates) => isForSoLong(dates), FOR_SO_LONG),
);
export type Allowance = v.InferOutput<typeof Allowance>;

/** Ranges that bans of feeds are not enforced on until then. */
const Allowed = v.strictObject({
  until: Time,
  /** For people. */
  why: shortText(128),
  ranges: listOf(Range, limits.policyRanges, 1),
});
export type Allowed = v.InferOutput<typeof Allowed>;

/** Ranges whose bans of one feed are not enforced until then, exactly as they stand. */
const Held = v.strictObject({
  feed: v.pipe(
    Feed,
    v.check((feed) => feed !== "local", "is the host's own"),
  ),
  until: Time,
  /** For people. */
  why: shortText(128),
  ranges: listOf(Range, limits.policyHolds, 1),
});
export type Held = v.InferOutput<typeof Held>;

const GroupFeed = v.pipe(Feed, v.check(isOfGroup, "is of no group"));

const within = (least: number, most: number) =>
  v.exactOptional(v.pipe(Count, v.minValue(least), v.maxValue(most)));

const YEAR_S = 365 * 86_400;

/** Settings of sensors, in the words of the host's file; times are seconds. */
export const PolicySensors = v.strictObject({
  sshd: v.exactOptional(
    v.strictObject({
      maxretry: within(1, 1_000),
      findtime: within(1, YEAR_S),
      bantime: within(1, YEAR_S),
    }),
  ),
});
export type PolicySensors = v.InferOutput<typeof PolicySensors>;

const rangesIn = (
  items: readonly { readonly ranges: readonly unknown[] }[],
): number => items.reduce((sum, { ranges }) => sum + ranges.length, 0);

export const Policy = v.pipe(
  v.strictObject({
    type: v.literal("policy"),
    org: Id,
    /** More than that of the org's publication before. */
    version: v.pipe(Count, v.minValue(1)),
    /** When it was published, or later, when it came to be for these groups. */
    issuedAt: Time,
    expiresAt: Time,
    /** Groups of hosts that it has something of, for people. */
    groups: listOf(shortText(64), limits.policyGroups),
    allow: listOf(Allowed, limits.policyAllows),
    /** Of the host's groups, which it follows beside the usual. */
    feeds: v.exactOptional(listOf(GroupFeed, limits.policyFeeds, 1)),
    holds: v.exactOptional(listOf(Held, limits.policyAllows, 1)),
    sensors: v.exactOptional(PolicySensors),
    allowance: v.exactOptional(SignedText),
    ...extended,
  }),
  v.check((dates) => isForSoLong(dates), FOR_SO_LONG),
  v.check(
    ({ allow }) => rangesIn(allow) <= limits.policyRanges,
    `may allow ${limits.policyRanges} ranges at most`,
  ),
  v.check(
    ({ feeds = [], org }) =>
      feeds.every((feed) => feed.startsWith(`org/${org}/`)),
    "may have hosts follow feeds of groups of its own org alone",
  ),
  v.check(
    ({ holds = [] }) => rangesIn(holds) <= limits.policyHolds,
    `may hold bans on ${limits.policyHolds} ranges at most`,
  ),
  v.check(
    ({ holds = [], issuedAt }) =>
      holds.every(({ until }) => isForSoLong({ issuedAt, expiresAt: until })),
    `may hold bans for ${limits.policyDays} days at most`,
  ),
);
export type Policy = v.InferOutput<typeof Policy>;
