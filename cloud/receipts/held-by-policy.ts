import { ALLOWED_BY_POLICY, HELD_BY_POLICY } from "../../agent/guard/guard.js";
import {
  covers,
  formatCidr,
  parseCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { Allowance } from "../../agent/protocol/policy.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { isNarrow } from "../../agent/trust/policy.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { Database, Statement } from "../journal/database.js";
import type {
  OrgPolicy,
  PolicyHold,
  PolicyPart,
} from "../journal/policy-events.js";
import type { Told } from "../policies/policies.js";
import { groupsOf } from "../policies/selection.js";
import { holdsAt } from "../policies/standing.js";

export interface HeldByPolicyPorts {
  /** Version of the policy that a host last said it goes by; null for none. */
  readonly policyOf: (agent: string) => number | null;
  readonly clock: Pick<Clock, "now">;
}

/** How many bans are held, by rule. */
export type HeldCounts = Readonly<Record<string, number>>;

type Ordered = Pick<DecisionEntry, "decision" | "feed" | "targets" | "ranges">;

/**
 * How many bans of decisions hosts hold because of the policies that they said they
 * go by, whatever they answered before. One look: what a policy comes to is read once.
 */
export class HeldByPolicy {
  readonly #ports: HeldByPolicyPorts;
  readonly #version: Statement<Row>;
  readonly #policies = new Map<string, Kept | undefined>();
  readonly #hosts = new Map<string, Terms | undefined>();
  /** Of the decision that was asked of last. */
  #counts = new Map<Terms, HeldCounts>();
  #decision: string | undefined;

  constructor(database: Database, ports: HeldByPolicyPorts) {
    this.#ports = ports;
    // Of one that is not kept any more, the next one knows best.
    this.#version = database.prepare(
      `SELECT policy, expires_at AS expiresAt FROM policy_versions
       WHERE org = ? AND version >= ? ORDER BY version LIMIT 1`,
    );
  }

  of(agent: Told, ordered: Ordered): HeldCounts {
    const terms = this.#termsOf(agent);
    if (terms === undefined) return NONE;
    if (this.#decision !== ordered.decision) this.#counts = new Map();
    this.#decision = ordered.decision;
    const known = this.#counts.get(terms);
    if (known !== undefined) return known;
    const counts = countsOf(ordered, terms);
    this.#counts.set(terms, counts);
    return counts;
  }

  #termsOf(agent: Told): Terms | undefined {
    if (this.#hosts.has(agent.id)) return this.#hosts.get(agent.id);
    const version = this.#ports.policyOf(agent.id);
    const kept = version === null ? undefined : this.#kept(agent.org, version);
    const terms = kept && this.#termsIn(kept, agent);
    this.#hosts.set(agent.id, terms);
    return terms;
  }

  #kept(org: string, version: number): Kept | undefined {
    const key = `${org} ${version}`;
    if (this.#policies.has(key)) return this.#policies.get(key);
    const row = this.#version.get(org, version);
    const kept = row && {
      policy: JSON.parse(row.policy) as OrgPolicy,
      expiresAt: row.expiresAt,
      terms: new Map<string, Terms>(),
    };
    this.#policies.set(key, kept);
    return kept;
  }

  /** The same for all hosts that are in the same groups. */
  #termsIn({ policy, expiresAt, terms }: Kept, agent: Told): Terms {
    const groups = groupsOf(policy.groups, agent);
    const key = JSON.stringify(groups.map(({ name }) => name));
    const now = this.#ports.clock.now();
    const known = terms.get(key);
    if (known !== undefined) return known;
    const isOver = expiresAt < now;
    const made: Terms = {
      allowed: isOver ? [] : allowedIn([policy, ...groups], policy, now),
      holds: holdsAt({ policy }, now),
    };
    terms.set(key, made);
    return made;
  }
}

/** What is wide is allowed no longer than the critical keys let it be. */
function allowedIn(
  parts: readonly PolicyPart[],
  { allowance }: OrgPolicy,
  now: number,
): readonly Cidr[] {
  const most =
    allowance === undefined
      ? 0
      : (JSON.parse(allowance.signed) as Allowance).expiresAt;
  return parts
    .flatMap(({ allow }) => allow)
    .filter(({ until }) => until > now)
    .flatMap(({ ranges }) => ranges.map(parseCidr))
    .filter((range) => most > now || isNarrow(range));
}

/** Of what a decision does not name, only what is held of it by name is known. */
function countsOf(
  { decision, feed, targets, ranges }: Ordered,
  { allowed, holds }: Terms,
): HeldCounts {
  const own = holds.filter((hold) => hold.feed === feed);
  if (targets.length !== ranges) {
    const named = own.filter((hold) => hold.decision === decision);
    return countOf(0, named.flatMap((hold) => hold.ranges).length);
  }
  const cidrs = targets.map(parseCidr);
  const left = cidrs.filter(
    (cidr) => !allowed.some((range) => covers(range, cidr)),
  );
  const held = new Set(own.flatMap((hold) => hold.ranges));
  const heldOf = left.filter((cidr) => held.has(formatCidr(cidr)));
  return countOf(cidrs.length - left.length, heldOf.length);
}

const countOf = (allowed: number, held: number): HeldCounts => ({
  ...(allowed > 0 && { [ALLOWED_BY_POLICY]: allowed }),
  ...(held > 0 && { [HELD_BY_POLICY]: held }),
});

const NONE: HeldCounts = {};

/** What some hosts' policy comes to, now. */
interface Terms {
  readonly allowed: readonly Cidr[];
  readonly holds: readonly PolicyHold[];
}

interface Kept {
  readonly policy: OrgPolicy;
  readonly expiresAt: number;
  /** By the groups that hosts are in. */
  readonly terms: Map<string, Terms>;
}

interface Row {
  readonly policy: string;
  readonly expiresAt: number;
}
