import { covers, parseCidr } from "../../agent/model/cidr.js";
import { limits } from "../../agent/protocol/limits.js";
import type {
  Held,
  Policy,
  PolicySensors,
} from "../../agent/protocol/policy.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { NO_FLOOR, TrustedPolicy } from "../../agent/trust/policy.js";
import { signText } from "../../agent/trust/sign.js";
import type { Database, Statement } from "../journal/database.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type {
  OrgPolicy,
  PolicyHold,
  PolicyPart,
  PolicyPublished,
} from "../journal/policy-events.js";
import type { Agent } from "../registry/registry.js";
import type { Signing } from "../roots/signing.js";
import { readPolicyFile, withHolds, type PolicyFile } from "./policy-file.js";
import { BadPolicy } from "./read-yaml.js";
import { groupsOf } from "./selection.js";

/** The newest policy of an org. Times are milliseconds since 1970. */
export interface StandingPolicy {
  readonly org: string;
  readonly version: number;
  readonly policy: OrgPolicy;
  /** As it was handed in. */
  readonly file: string;
  readonly publishedAt: number;
  readonly publishedBy: string;
  readonly expiresAt: number;
  /** Of when the newest allowance is that hosts were told; 0: of none. */
  readonly leastAllowedAt: number;
}

export interface PolicyPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly signing: Pick<Signing, "root" | "version" | "policyKeys">;
  readonly clock: Pick<Clock, "now">;
}

/** Whose a host is, and what it is chosen by. */
export type Told = Pick<Agent, "id" | "org" | "hostname" | "tags">;

/**
 * What customers want of their hosts: taken down, and signed for each host as it is
 * told. The keys are online, as those that sign segments are.
 */
export class Policies {
  readonly #ports: PolicyPorts;
  readonly #one: Statement<Row>;
  readonly #all: Statement<Row>;
  readonly #regrouped: Statement<number>;
  /** What was signed, by what it was of; the oldest give way. */
  readonly #signed = new Map<string, SignedText>();

  constructor(database: Database, ports: PolicyPorts) {
    this.#ports = ports;
    this.#one = database.prepare("SELECT * FROM policies WHERE org = ?");
    this.#all = database.prepare("SELECT * FROM policies ORDER BY org");
    this.#regrouped = database
      .prepare<[string], number>("SELECT at FROM regrouped WHERE agent = ?")
      .pluck();
  }

  /** The newest of every org. */
  all(): readonly StandingPolicy[] {
    return this.#all.all().map(standingOf);
  }

  of(org: string): StandingPolicy | undefined {
    const row = this.#one.get(org);
    return row && standingOf(row);
  }

  /** What a host is told, signed; undefined where its org wants nothing. */
  for(agent: Told): SignedText | undefined {
    const standing = this.of(agent.org);
    if (standing === undefined) return undefined;
    const { signing, clock } = this.#ports;
    const isOver = standing.expiresAt < clock.now();
    const said = isOver ? afterwards(standing) : standing;
    const groups = groupsOf(said.policy.groups, agent);
    const at = this.#regrouped.get(agent.id) ?? 0;
    // Hosts that a root took one from take none that is older than that root.
    const root = signing.root.document.issuedAt;
    const issuedAt = Math.max(said.publishedAt, at, root);
    const names = groups.map(({ name }) => name);
    const of = [agent.org, said.version, issuedAt, signing.version, names];
    const key = JSON.stringify(of);
    const known = this.#signed.get(key);
    if (known !== undefined) return known;
    const document = merged(said, groups, { names, issuedAt });
    const text = signText("policy", document, signing.policyKeys, 2);
    this.#signed.set(key, text);
    const [oldest] = this.#signed.keys();
    if (this.#signed.size > MOST_SIGNED && oldest !== undefined) {
      this.#signed.delete(oldest);
    }
    return text;
  }

  /**
   * Whether a file would do for an org, and what it comes to.
   * @throws BadPolicy; Refused or Malformed, as hosts would
   */
  read(org: string, file: string): PolicyFile {
    const read = readPolicyFile(file);
    if (read.org !== org) {
      throw new BadPolicy([`org: it is for ${read.org}, and not for ${org}`]);
    }
    this.#mustBeTaken(read);
    return read;
  }

  /** @throws Refused or Malformed where hosts in all of its groups would not take it */
  #mustBeTaken(read: PolicyFile): void {
    const { signing, clock } = this.#ports;
    const now = clock.now();
    signing.root.mustBeGoodAt(now);
    const text = signText(
      "policy",
      toldToAll(read, now),
      signing.policyKeys,
      2,
    );
    const { leastAllowedAt = 0 } = this.of(read.org) ?? {};
    TrustedPolicy.open(text, signing.root, read.org).mustReplace(
      ...[undefined, now, { ...NO_FLOOR, leastAllowedAt }],
    );
  }

  /**
   * Puts it in the place of the org's newest, `along` with what else is appended.
   * @throws as `read` does, and then nothing has happened
   */
  async publish(
    file: string,
    who: Pick<PolicyPublished, "operator" | "by">,
    {
      along = [],
      keepsEnd = false,
    }: {
      readonly along?: readonly DecisionEvent[];
      /** It counts no longer than the one before would have. */
      readonly keepsEnd?: boolean;
    },
  ): Promise<PolicyPublished> {
    const read = readPolicyFile(file);
    this.#mustBeTaken(read);
    const { org, policy } = read;
    const { decisions, clock } = this.#ports;
    return lookThenAppend(decisions, () => {
      const before = this.of(org);
      const now = clock.now();
      const holds = holdsAt(before, now);
      const event: PolicyPublished = {
        ...{ kind: "policy-published", org, file },
        policy: withHolds(policy, holds),
        version: (before?.version ?? 0) + 1,
        expiresAt: endOf(now + read.goodForMs, before, keepsEnd),
        ...{ operator: who.operator, by: who.by },
      };
      return { events: [event, ...along], answer: event };
    });
  }

  /**
   * In words, what is let through or set otherwise that is not so now.
   * @param keepsEnd whether it is to count no longer than the one before
   */
  widenedBy(
    { org, policy, goodForMs }: PolicyFile,
    keepsEnd: boolean,
  ): readonly string[] {
    const { clock } = this.#ports;
    const now = clock.now();
    const before = this.of(org);
    const ended = before?.expiresAt ?? 0;
    const ends = endOf(now + goodForMs, before, keepsEnd);
    const isKnown = (part: PolicyPart, old: PolicyPart | undefined) =>
      newIn(part, ends, old, ended);
    const groups = policy.groups.flatMap((group) => {
      const old = before?.policy.groups.find(({ name }) => name === group.name);
      const isSame =
        JSON.stringify([old?.tags, old?.hostnames]) ===
        JSON.stringify([group.tags, group.hostnames]);
      return isKnown(group, isSame ? old : undefined).map(
        (what) => `${what}, in group ${group.name}`,
      );
    });
    return [...isKnown(policy, before?.policy), ...groups];
  }
}

/** It may be that it is to count no longer than the one before. */
const endOf = (
  longest: number,
  before: StandingPolicy | undefined,
  keepsEnd: boolean,
): number =>
  keepsEnd && before ? Math.min(longest, before.expiresAt) : longest;

/** What is held by it still, the oldest first. */
export const holdsAt = (
  standing: Pick<StandingPolicy, "policy"> | undefined,
  now: number,
): readonly PolicyHold[] =>
  (standing?.policy.holds ?? []).filter(({ until }) => until > now);

/** What an org wants that wants nothing. */
export const NOTHING: OrgPolicy = { allow: [], groups: [] };

/** All of it, as a host in all of its groups would be told it now. */
export function toldToAll(
  { org, policy, goodForMs }: PolicyFile,
  now: number,
): Policy {
  const { groups } = policy;
  const names = groups.map(({ name }) => name);
  const tried = { org, version: 1, policy, expiresAt: now + goodForMs };
  return merged(tried, groups, { names, issuedAt: now });
}

/** Nothing: who has an older one that lasts longer must not go on by it. */
const afterwards = ({
  expiresAt,
  ...standing
}: StandingPolicy): StandingPolicy => ({
  ...standing,
  policy: withHolds(NOTHING, standing.policy.holds ?? []),
  publishedAt: expiresAt,
  expiresAt: expiresAt + limits.policyDays * 86_400_000,
});

/** What a part has that an older one had not, or not for so long. */
function newIn(
  part: PolicyPart,
  ends: number,
  old: PolicyPart | undefined,
  ended: number,
): readonly string[] {
  const known = (old?.allow ?? []).flatMap(({ until, ranges }) =>
    ranges.map((range) => ({
      cidr: parseCidr(range),
      until: Math.min(until, ended),
    })),
  );
  const ranges = part.allow.flatMap(({ until, ranges }) =>
    ranges.filter((range) => {
      const cidr = parseCidr(range);
      const lasts = Math.min(until, ends);
      return !known.some((it) => it.until >= lasts && covers(it.cidr, cidr));
    }),
  );
  const sensors = JSON.stringify(part.sensors ?? {});
  const isAsBefore = ends <= ended && sensors === JSON.stringify(old?.sensors);
  const isSet = sensors !== "{}" && !isAsBefore;
  return [
    ...ranges.map((range) => `allows ${range}`),
    ...(isSet ? [`sets sensors: ${sensors}`] : []),
  ];
}

function merged(
  {
    org,
    version,
    policy,
    expiresAt,
  }: Pick<StandingPolicy, "org" | "version" | "policy" | "expiresAt">,
  groups: readonly PolicyPart[],
  of: { readonly names: readonly string[]; readonly issuedAt: number },
): Policy {
  const parts = [policy, ...groups];
  const sensors = parts.reduce<PolicySensors>(
    (sum, { sensors: { sshd } = {} }) =>
      sshd === undefined ? sum : { sshd: { ...sum.sshd, ...sshd } },
    {},
  );
  return {
    ...{ type: "policy", org, version, issuedAt: of.issuedAt, expiresAt },
    groups: [...of.names],
    allow: parts.flatMap(({ allow }) =>
      allow.map((it) => ({ ...it, ranges: [...it.ranges] })),
    ),
    ...(policy.holds && { holds: policy.holds.map(toldHold) }),
    ...(sensors.sshd && { sensors }),
    ...(policy.allowance && { allowance: policy.allowance }),
  };
}

const toldHold = ({ feed, until, why, ranges }: PolicyHold): Held => ({
  ...{ feed, until, why, ranges: [...ranges] },
});

/** A text for each set of groups that hosts are in. */
const MOST_SIGNED = 256;

interface Row {
  readonly org: string;
  readonly version: number;
  readonly policy: string;
  readonly file: string;
  readonly published_at: number;
  readonly published_by: string;
  readonly expires_at: number;
  readonly least_allowed_at: number;
}

const standingOf = (row: Row): StandingPolicy => ({
  ...{ org: row.org, version: row.version, file: row.file },
  policy: JSON.parse(row.policy) as OrgPolicy,
  publishedAt: row.published_at,
  publishedBy: row.published_by,
  expiresAt: row.expires_at,
  leastAllowedAt: row.least_allowed_at,
});
