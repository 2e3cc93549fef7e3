import * as v from "valibot";
import { policyRole } from "../../../agent/trust/policy.js";
import { holdsAt, type StandingPolicy } from "../../policies/standing.js";
import { rangesIn, type PolicyFile } from "../../policies/policy-file.js";
import { isPolicyProblem, problemsIn } from "../../policies/problems.js";
import { MOST_BYTES } from "../../policies/read-yaml.js";
import { groupsOf } from "../../policies/selection.js";
import type { Agent } from "../../registry/registry.js";
import type { Caller } from "../../operators/caller.js";
import type { OperatorApiPorts } from "../ports.js";
import { ApiProblem, problem, unknown } from "../problem.js";
import { mustBeOwnOrg, sees } from "../scope.js";
import { Time, Whole, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { ownDecision } from "./decisions.js";
import { OrderWaits, waitsAnswer } from "./two-persons.js";

const PolicyBrief = v.object({
  org: v.string(),
  version: Whole,
  publishedAt: Time,
  /** Who asked for it. */
  publishedBy: v.string(),
  expiresAt: Time,
  /** Ranges that it allows, for whichever hosts. */
  ranges: Whole,
});

/** A host, and how it stands to its org's policy. */
const PolicyHost = v.object({
  agent: v.string(),
  hostname: v.string(),
  groups: v.array(v.string()),
  /** Version that it said last it goes by; null: none, or it said nothing yet. */
  version: v.nullable(Whole),
  connected: v.boolean(),
  /** Whether it takes policies; null: it is not connected, so nobody knows. */
  takes: v.nullable(v.boolean()),
});

/** Bans of a decision that hurt hosts of the org: held on all of its hosts. */
const PolicyHeld = v.object({
  decision: v.string(),
  feed: v.string(),
  ranges: v.array(v.string()),
  until: Time,
  why: v.string(),
});

export const PolicyTold = v.object({
  ...PolicyBrief.entries,
  /** As it was handed in. */
  file: v.string(),
  /** The oldest first. */
  holds: v.array(PolicyHeld),
  /** Of groups; orders in one reach the hosts of that group alone. */
  feeds: v.array(
    v.object({ feed: v.string(), group: v.string(), hosts: Whole }),
  ),
  /** The role of the root whose keys sign it. */
  signedBy: v.picklist(["policy", "content"]),
  hosts: v.object({
    all: Whole,
    /** Those that go by this version. */
    current: Whole,
    /** The first thousand of those that do not. */
    others: v.array(PolicyHost),
  }),
});

const PolicyOrder = v.strictObject({
  file: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(MOST_BYTES, `has more than ${MOST_BYTES} characters`),
  ),
  /**
   * It counts for as long as the file says; else, where that alone would let through
   * for longer than now, it ends when the one before would have, and counts at once.
   */
  extend: v.optional(v.boolean(), false),
  /** Say what it comes to, and publish nothing. */
  dryRun: v.optional(v.boolean(), false),
});

export const PolicyAnswer = v.object({
  org: v.string(),
  /** Null of a dry run. */
  version: v.nullable(Whole),
  /** What it lets through, or sets otherwise, that is not so now. */
  widens: v.array(v.string()),
  ranges: Whole,
  dryRun: v.boolean(),
});

/** What customers want of their hosts. */
export const policyRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/policies", operationId: "listPolicies" },
    ...{ tag: "Hosts", summary: "The newest policy of each org" },
    ...{ allows: "viewer", scope: "own" },
    answers: { 200: { description: "All", schema: pageOf(PolicyBrief) } },
    handle: ({ caller }) => {
      const all = ports.policies.all().filter(({ org }) => sees(caller, org));
      return answer(200, { items: all.map(briefOf), next: null });
    },
  }),
  route({
    ...{ method: "GET", path: "/orgs/{org}/policy" },
    ...{ operationId: "showPolicy", tag: "Hosts" },
    summary: "An org's policy, and which hosts do not go by it",
    ...{ allows: "viewer", scope: "own" },
    answers: { 200: { description: "It", schema: PolicyTold } },
    problems: [404],
    handle: ({ caller, params: { org = "" } }) => {
      mustBeOwnOrg(caller, org, ports);
      const standing = ports.policies.of(org);
      if (standing === undefined) throw noPolicy(org);
      return answer(200, told(standing, ports));
    },
  }),
  route({
    ...{ method: "POST", path: "/orgs/{org}/policy" },
    ...{ operationId: "publishPolicy", tag: "Hosts" },
    summary: "Has a policy count on an org's hosts",
    description:
      "What lets more through than now waits for a second person; what only takes back counts at once.",
    ...{ allows: "approver", scope: "own", changes: true, stepUp: true },
    body: PolicyOrder,
    answers: {
      200: { description: "A dry run: nothing was done", schema: PolicyAnswer },
      201: { description: "It counts", schema: PolicyAnswer },
      202: { description: "It waits for a second person", schema: OrderWaits },
    },
    problems: [404, 409],
    handle: async ({ caller, params: { org = "" }, body, before }) => {
      mustBeOwnOrg(caller, org, ports);
      before({ version: ports.policies.of(org)?.version ?? 0 });
      return publish(caller, org, body, ports);
    },
  }),
  unholdRoute(ports),
];

/** To ban there again is to order no more than everybody's hosts do. */
const unholdRoute = (ports: OperatorApiPorts): Route =>
  route({
    ...{ method: "DELETE", path: "/orgs/{org}/policy/holds/{decision}" },
    ...{ operationId: "unholdPolicy", tag: "Hosts" },
    summary: "Has a decision count again on the hosts of an org that it hurt",
    ...{ allows: "approver", scope: "own", changes: true, stepUp: true },
    answers: { 200: { description: "It counts again", schema: PolicyTold } },
    problems: [404, 409],
    handle: async ({ caller, params: { org = "", decision = "" } }) => {
      mustBeOwnOrg(caller, org, ports);
      ownDecision(caller, decision, ports);
      const who = { operator: caller.operator, by: caller.name };
      const came = await ports.policyHolds.unhold(org, decision, who);
      const standing = came && ports.policies.of(org);
      if (standing === undefined) throw notHeld(org, decision);
      return answer(200, told(standing, ports));
    },
  });

async function publish(
  caller: Caller,
  org: string,
  { file, dryRun, extend }: v.InferOutput<typeof PolicyOrder>,
  ports: OperatorApiPorts,
) {
  const { policies, orders } = ports;
  const read = readable(() => policies.read(org, file));
  const standing = policies.of(org);
  const stands = (standing?.expiresAt ?? 0) > ports.clock.now();
  const keepsEnd = stands && !extend && isWiderByEnd(policies, read);
  const widens = policies.widenedBy(read, keepsEnd);
  const ranges = rangesIn(read.policy);
  const came = { org, widens: widens.slice(0, MOST_NAMED), ranges, dryRun };
  if (dryRun) return answer(200, { ...came, version: null });
  if (widens.length === 0) {
    const who = { operator: caller.operator, by: caller.name };
    const { version } = await policies.publish(file, who, { keepsEnd });
    return answer(201, { ...came, version });
  }
  const says = `publish a policy of ${org} that ${inWords(widens)}`;
  const change = { action: "change", of: "policy", says, text: file } as const;
  const why = `hosts of ${org} let through more than now: it ${inWords(widens)}`;
  const waits = await orders.change(caller, { ...change, org }, why);
  if (waits.kind === "waits") return waitsAnswer(waits);
  const version = policies.of(org)?.version ?? null;
  return answer(201, { ...came, version });
}

function told(standing: StandingPolicy, ports: OperatorApiPorts) {
  const { registry, signing, clock } = ports;
  const agents = registry.trusted(standing.org);
  const hosts = agents.map((agent) => hostOf(agent, standing, ports));
  const others = hosts.filter(({ version }) => version !== standing.version);
  return {
    ...briefOf(standing),
    file: standing.file,
    holds: holdsAt(standing, clock.now()).map((it) => ({
      ...{ ...it, ranges: [...it.ranges] },
    })),
    feeds: standing.policy.groups.flatMap(({ name: group, feed }) =>
      feed === undefined ? [] : { feed, group, hosts: hostsIn(group, hosts) },
    ),
    signedBy: policyRole(signing.root) === "policy" ? "policy" : "content",
    hosts: {
      all: hosts.length,
      current: hosts.length - others.length,
      others: others.slice(0, MOST_HOSTS),
    },
  } as const;
}

const hostsIn = (
  group: string,
  hosts: readonly { readonly groups: readonly string[] }[],
): number => hosts.filter(({ groups }) => groups.includes(group)).length;

function hostOf(
  agent: Agent,
  { policy }: StandingPolicy,
  { receipts, gateway }: OperatorApiPorts,
) {
  const capabilities = gateway.capabilitiesOf(agent.id);
  return {
    ...{ agent: agent.id, hostname: agent.hostname },
    groups: groupsOf(policy.groups, agent).map(({ name }) => name),
    version: receipts.policyOf(agent.id),
    connected: capabilities !== undefined,
    takes: capabilities === undefined ? null : capabilities.has("policy"),
  };
}

const briefOf = (standing: StandingPolicy) => ({
  ...{ org: standing.org, version: standing.version },
  ...{ publishedAt: standing.publishedAt, publishedBy: standing.publishedBy },
  expiresAt: standing.expiresAt,
  ranges: rangesIn(standing.policy),
});

/** @throws ApiProblem with everything that is wrong */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isPolicyProblem(error)) throw error;
    throw new ApiProblem(
      400,
      "invalid",
      problemsIn(error).map((message) => ({
        ...{ field: "file", value: undefined, message },
      })),
    );
  }
}

/** Whether it lets through more than now only by lasting longer than what stands. */
const isWiderByEnd = (
  policies: OperatorApiPorts["policies"],
  read: PolicyFile,
): boolean =>
  policies.widenedBy(read, false).length > 0 &&
  policies.widenedBy(read, true).length === 0;

/** The first few. */
function inWords(what: readonly string[]): string {
  const more = what.length - MOST_SAID;
  const said = what.slice(0, MOST_SAID).join(", ");
  return more > 0 ? `${said} and ${more} more` : said;
}

const noPolicy = (org: string): ApiProblem =>
  unknown("org", org, `there is no policy of ${org}`);

const notHeld = (org: string, decision: string): ApiProblem =>
  problem(409, "not-held", {
    ...{ field: "decision", value: decision },
    message: `${decision} is not held for ${org}`,
  });

const MOST_SAID = 4;
const MOST_NAMED = 1_000;
const MOST_HOSTS = 1_000;
