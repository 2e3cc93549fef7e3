import type { FeedName } from "../../agent/model/position.js";
import type {
  Held,
  Policy,
  PolicySensors,
} from "../../agent/protocol/policy.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { NO_FLOOR, TrustedPolicy } from "../../agent/trust/policy.js";
import { signText } from "../../agent/trust/sign.js";
import { feedBegun } from "../feeds/feeds.js";
import type { Database, Statement } from "../journal/database.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type {
  GroupPolicy,
  OrgPolicy,
  PolicyHold,
  PolicyPublished,
} from "../journal/policy-events.js";
import type { Agent } from "../registry/registry.js";
import type { Signing } from "../roots/signing.js";
import { readPolicyFile, withHolds, type PolicyFile } from "./policy-file.js";
import { BadPolicy } from "./read-yaml.js";
import { groupsOf } from "./selection.js";
import {
  afterwards,
  hasFeed,
  holdsAt,
  type StandingPolicy,
} from "./standing.js";
import { endOf, widened } from "./widening.js";

export interface PolicyPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly signing: Pick<Signing, "root" | "version" | "policyKeys">;
  readonly clock: Pick<Clock, "now">;
  hasFeed(feed: FeedName): boolean;
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
  readonly #version: Statement<number>;
  /** By org: which groups have a feed, by the newest version that was asked for. */
  readonly #groups = new Map<string, GroupsWithFeeds>();
  /** What was signed, by what it was of; the oldest give way. */
  readonly #signed = new Map<string, SignedText>();

  constructor(database: Database, ports: PolicyPorts) {
    this.#ports = ports;
    this.#one = database.prepare("SELECT * FROM policies WHERE org = ?");
    this.#all = database.prepare("SELECT * FROM policies ORDER BY org");
    this.#regrouped = database
      .prepare<[string], number>("SELECT at FROM regrouped WHERE agent = ?")
      .pluck();
    this.#version = database
      .prepare<[string], number>("SELECT version FROM policies WHERE org = ?")
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

  /**
   * Feeds that a host follows beside the usual, by the groups that it is in; over the
   * policy's end, since bans have ends of their own.
   */
  feedsOf(agent: Told): readonly FeedName[] {
    const version = this.#version.get(agent.org);
    if (version === undefined) return [];
    const known = this.#groups.get(agent.org);
    const isKnown = known?.version === version;
    const groups = isKnown
      ? known.groups
      : (this.of(agent.org)?.policy.groups ?? []).filter(hasFeed);
    if (!isKnown) this.#groups.set(agent.org, { version, groups });
    return groupsOf(groups, agent).flatMap(({ feed }) => feed ?? []);
  }

  /** When a host was last put into other groups, by its tags; 0: never. */
  regroupedAt(agent: string): number {
    return this.#regrouped.get(agent) ?? 0;
  }

  /** What a host is told, signed; undefined where its org wants nothing. */
  for(agent: Told): SignedText | undefined {
    const standing = this.of(agent.org);
    if (standing === undefined) return undefined;
    const { signing, clock } = this.#ports;
    const isOver = standing.expiresAt < clock.now();
    const said = isOver ? afterwards(standing) : standing;
    const groups = groupsOf(said.policy.groups, agent);
    const at = this.regroupedAt(agent.id);
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
      const begun = policy.groups.flatMap(({ feed }) =>
        feed === undefined || this.#ports.hasFeed(feed) ? [] : feedBegun(feed),
      );
      return { events: [...begun, event, ...along], answer: event };
    });
  }

  /**
   * In words, what is let through or set otherwise that is not so now.
   * @param keepsEnd whether it is to count no longer than the one before
   */
  widenedBy(read: PolicyFile, keepsEnd: boolean): readonly string[] {
    const now = this.#ports.clock.now();
    return widened(read, this.of(read.org), { now, keepsEnd });
  }
}

interface GroupsWithFeeds {
  readonly version: number;
  readonly groups: readonly GroupPolicy[];
}

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

function merged(
  {
    org,
    version,
    policy,
    expiresAt,
  }: Pick<StandingPolicy, "org" | "version" | "policy" | "expiresAt">,
  groups: readonly GroupPolicy[],
  of: { readonly names: readonly string[]; readonly issuedAt: number },
): Policy {
  const parts = [policy, ...groups];
  const feeds = groups.flatMap(({ feed }) => feed ?? []);
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
    ...(feeds.length > 0 && { feeds }),
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
