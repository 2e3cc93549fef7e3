import * as v from "valibot";
import {
  InvalidCidr,
  formatCidr,
  parseListedCidr,
} from "../../agent/model/cidr.js";
import { ORG_ID } from "../../agent/model/position.js";
import { limits } from "../../agent/protocol/limits.js";
import { PolicySensors } from "../../agent/protocol/policy.js";
import { Id, describeIssue, shortText } from "../../agent/protocol/shapes.js";
import { SignedText } from "../../agent/protocol/signed-text.js";
import type {
  OrgPolicy,
  PolicyHold,
  PolicyPart,
} from "../journal/policy-events.js";
import { BadPolicy, readYaml } from "./read-yaml.js";

/** A policy as its file says it. */
export interface PolicyFile {
  /** Whose hosts it is for. */
  readonly org: string;
  /** So many milliseconds after it is published nothing of it counts. */
  readonly goodForMs: number;
  readonly policy: OrgPolicy;
}

/**
 * Reads the file of an org's policy.
 * @throws BadPolicy with all that is wrong
 */
export function readPolicyFile(text: string): PolicyFile {
  const result = v.safeParse(FileShape, readYaml(text) ?? {});
  if (!result.success) {
    const problems = result.issues.map(describeIssue);
    throw new BadPolicy(problems.slice(0, MOST_TOLD));
  }
  const { org, goodFor, allow, sensors, groups, allowance } = result.output;
  const twice = repeated(groups.map(({ name }) => name));
  if (twice !== undefined) {
    throw new BadPolicy([`groups: there are two of the name "${twice}"`]);
  }
  const feeds = groups.flatMap(({ feed }) => feed ?? []);
  const shared = repeated(feeds);
  if (shared !== undefined) {
    throw new BadPolicy([`groups: there are two of the feed "${shared}"`]);
  }
  if (feeds.length > limits.policyFeeds) {
    const most = `at most ${limits.policyFeeds} may have a feed`;
    throw new BadPolicy([`groups: ${feeds.length} have a feed, and ${most}`]);
  }
  const policy: OrgPolicy = {
    ...partOf({ allow, sensors }),
    groups: groups.map(({ name, tags, hostnames, feed, ...part }) => ({
      ...{ name, tags, hostnames },
      ...(feed !== undefined && { feed: `org/${org}/${feed}` as const }),
      ...partOf(part),
    })),
    ...(allowance && { allowance }),
  };
  mustFit(policy);
  return { org, goodForMs: goodFor, policy };
}

const repeated = (names: readonly string[]): string | undefined =>
  names.find((name, i) => names.indexOf(name) < i);

/** All that any host of the org could be told at once, as far as it is told. */
const allowedIn = (policy: OrgPolicy): PolicyPart["allow"] =>
  [policy, ...policy.groups].flatMap(({ allow }) => allow);

/** How many ranges it allows, for whichever hosts. */
export const rangesIn = (policy: OrgPolicy): number =>
  allowedIn(policy).reduce((sum, { ranges }) => sum + ranges.length, 0);

const DAY_MS = 86_400_000;

/** "90d", as milliseconds. */
const GoodFor = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,2}d$/, "must be days, such as 90d"),
  v.transform((text) => Number(text.slice(0, -1)) * DAY_MS),
  v.maxValue(
    limits.policyDays * DAY_MS,
    `must be at most ${limits.policyDays}d`,
  ),
);

/** "2026-12-31", which ends with that day, or "2026-12-31T18:00Z". */
const Until = v.pipe(
  v.string(),
  v.regex(
    /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/,
    "must be a date, such as 2026-12-31 or 2026-12-31T18:00Z",
  ),
  v.transform((text) =>
    text.length === 10 ? Date.parse(text) + DAY_MS : Date.parse(text),
  ),
  v.integer("is no date that there is"),
);

const ListedRange = v.pipe(
  v.string(),
  v.maxLength(64),
  v.rawTransform(({ dataset, addIssue, NEVER }): string => {
    try {
      return formatCidr(parseListedCidr(dataset.value));
    } catch (error) {
      if (!(error instanceof InvalidCidr)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  }),
);

const part = {
  allow: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          ranges: v.pipe(
            v.array(ListedRange),
            v.minLength(1),
            v.maxLength(limits.policyRanges),
          ),
          until: Until,
          why: shortText(128),
        }),
      ),
      v.maxLength(limits.policyAllows),
    ),
    [],
  ),
  sensors: v.optional(PolicySensors),
};

const Tag = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9._:-]{0,63}$/, "is no tag"),
);

const HostPattern = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9._*-]{1,253}$/, "is no name of a host, nor a pattern"),
);

const FileShape = v.strictObject({
  version: v.literal(1, "must be 1"),
  org: Id,
  goodFor: v.optional(GoodFor, "90d"),
  ...part,
  groups: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          name: v.pipe(shortText(64), v.minLength(1)),
          tags: v.optional(v.pipe(v.array(Tag), v.maxLength(16)), []),
          hostnames: v.optional(
            v.pipe(v.array(HostPattern), v.maxLength(64)),
            [],
          ),
          feed: v.optional(
            v.pipe(v.string(), v.regex(ORG_ID, "is no name of a feed")),
          ),
          ...part,
        }),
      ),
      v.maxLength(limits.policyGroups),
    ),
    [],
  ),
  allowance: v.optional(SignedText),
});

function partOf({
  allow,
  sensors,
}: {
  readonly allow: PolicyPart["allow"];
  readonly sensors?: PolicySensors | undefined;
}): PolicyPart {
  return { allow, ...(sensors && { sensors }) };
}

/** @throws BadPolicy where a host in all groups could not be told all of it */
function mustFit(policy: OrgPolicy): void {
  const items = allowedIn(policy).length;
  const ranges = rangesIn(policy);
  const problems: string[] = [];
  if (items > limits.policyAllows) {
    problems.push(
      `allow: ${items} items in all, and at most ${limits.policyAllows} may be`,
    );
  }
  if (ranges > limits.policyRanges) {
    problems.push(
      `allow: ${ranges} ranges in all, and at most ${limits.policyRanges} may be`,
    );
  }
  const bytes = toldBytes(policy);
  if (bytes > MOST_TOLD_BYTES) {
    problems.push(
      `it takes ${bytes} bytes as hosts are told it, and at most ${MOST_TOLD_BYTES} fit`,
    );
  }
  if (problems.length > 0) throw new BadPolicy(problems);
}

/** Bytes of what a host in all groups is told, but for what stands around it. */
function toldBytes(policy: OrgPolicy): number {
  const allow = allowedIn(policy);
  const { allowance = null, holds = [] } = policy;
  const told = { allow, allowance, ...(holds.length > 0 && { holds }) };
  return Buffer.byteLength(JSON.stringify(JSON.stringify(told)));
}

/** The policy with as many of these, the newest of them, as hosts can be told. */
export function withHolds(
  { holds: _, ...policy }: OrgPolicy,
  holds: readonly PolicyHold[],
): OrgPolicy {
  for (let left = holds.slice(-limits.policyAllows); left.length > 0;) {
    const held: OrgPolicy = { ...policy, holds: left };
    const ranges = left.reduce((sum, each) => sum + each.ranges.length, 0);
    const isFew = ranges <= limits.policyHolds;
    if (isFew && toldBytes(held) <= MOST_TOLD_BYTES) return held;
    left = left.slice(1);
  }
  return policy;
}

/** Of a text frame, without what stands around what is allowed. */
const MOST_TOLD_BYTES = limits.textBytes - 8 * 1024;

const MOST_TOLD = 8;
