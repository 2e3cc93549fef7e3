import * as v from "valibot";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type { Proposal as Proposed } from "../../decide/proposals.js";
import type { Caller } from "../../operators/caller.js";
import { PROPOSALS } from "../../query/lists/proposals.js";
import { proposalsAsked, proposalsOf, shownRule } from "../asked/proposals.js";
import { Named, Reason, Term, YesOrNo, limitOf } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem, unknown } from "../problem.js";
import { PAGES, QueryOf } from "../query-field.js";
import { orderSeen } from "../scope.js";
import {
  Cursor,
  Time,
  Whole,
  countedPageOf,
  cursorOf,
} from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { pageShown, walk } from "../walk.js";
import {
  OrderProposal,
  rangesOfOrder,
  refuseOrder,
  releaseOrder,
  shownOrder,
  textOfOrder,
  whileOpen,
} from "./order-proposals.js";
import { madeOrNot, placeOf, statusOf } from "./orders.js";

/** Why a rule may not decide by itself. */
export const Veto = v.variant("why", [
  /** The file never-ban.txt says so. */
  v.object({ why: v.literal("never-list") }),
  /** Many share the address: a list of the guard's has it. */
  v.object({ why: v.literal("tier"), tier: v.string() }),
  /** A customer's agent connects from there. */
  v.object({ why: v.literal("agent"), agent: v.string(), org: v.string() }),
  /** A host's guard held a ban on it. */
  v.object({
    ...{ why: v.literal("held"), agent: v.string() },
    ...{ org: v.string(), rule: v.string() },
  }),
]);

/** A ban that a rule wants and a person decides on. */
const RuleProposal = v.object({
  kind: v.literal("rule"),
  id: v.string(),
  attacker: v.string(),
  proposedAt: Time,
  /** Until when somebody may release it; it bans nobody by itself. */
  expiresAt: Time,
  rule: v.string(),
  reason: v.string(),
  /** Sequence numbers of the telemetry. */
  evidence: v.array(Whole),
  orgs: v.array(v.string()),
  veto: Veto,
  /** What a person said, when and why; null while nobody has. */
  verdict: v.nullable(v.picklist(["released", "refused"])),
  settledAt: v.nullable(Time),
  settledBy: v.nullable(v.string()),
  settledWhy: v.nullable(v.string()),
  decision: v.nullable(v.string()),
  /** It was refused since it is not true. */
  wrong: v.boolean(),
});

/** What waits for somebody: a rule's ban, or somebody's dangerous order. */
export const Proposal = v.variant("kind", [RuleProposal, OrderProposal]);

/** A proposal and all that it is of, as far as that is kept. */
export const ProposalTold = v.object({
  proposal: Proposal,
  /** The first ten thousand; of what is over, the first few. */
  ranges: v.array(v.string()),
  /** Of a change: all that it takes, while it waits; null: it is of ranges. */
  text: v.nullable(v.string()),
});

const Place = v.pipe(v.number(), v.safeInteger());

const ProposalsQuery = v.strictObject({
  limit: limitOf(1_000),
  /** Those that were decided on or ran out as well. */
  all: v.optional(YesOrNo, "false"),
  q: v.optional(QueryOf(PROPOSALS)),
  cursor: v.optional(
    Cursor(v.object({ rule: v.nullable(Named), order: v.nullable(Place) })),
  ),
});

const ReleaseOrder = v.strictObject({
  /** Of a rule's ban; an order is carried out as it was given. */
  for: v.optional(Term, "4h"),
  reason: v.optional(Reason, ""),
});

const RefuseOrder = v.strictObject({
  reason: v.pipe(Reason, v.minLength(1, "is needed")),
  /** Of what a rule saw: it is not true. Whose word it was counts less from now on. */
  wrong: v.optional(v.boolean(), false),
});

export const Released = v.object({
  proposal: v.string(),
  /** Null: nothing had to be changed any more. */
  decision: v.nullable(v.string()),
  /** Of a change, what it came to; it stands in no feed. */
  change: v.nullable(v.string()),
  feed: v.string(),
  epoch: v.string(),
  offset: Whole,
  decidedAt: v.nullable(Time),
});

const Refused = v.object({ proposal: v.string() });

/** What rules put before the vendor's people, and people before each other. */
export const proposalRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  listRoute(ports),
  route({
    ...{ method: "GET", path: "/proposals/{proposal}" },
    ...{ operationId: "showProposal", tag: "Proposals" },
    summary: "One of them, with all that it is of",
    ...{ allows: "viewer", scope: "own" },
    answers: { 200: { description: "It", schema: ProposalTold } },
    handle: async ({ caller, params: { proposal: id = "" } }) =>
      answer(200, await told(caller, id, ports)),
  }),
  route({
    ...{ method: "POST", path: "/proposals/{proposal}/release" },
    ...{ operationId: "releaseProposal", tag: "Proposals" },
    summary: "Carries out what a rule or somebody else proposed",
    description:
      "A rule's ban is for everybody, and its releaser's own. An order is carried out as it was given, by who gave it; who releases it is somebody else, who has just stepped up.",
    ...{ allows: "approver", scope: "own", changes: true },
    ...{ body: ReleaseOrder, bodyOptional: true },
    answers: madeOrNot(Released),
    handle: async ({ caller, params: { proposal: id = "" }, body }) =>
      released(caller, id, body, ports),
  }),
  route({
    ...{ method: "POST", path: "/proposals/{proposal}/refuse" },
    ...{ operationId: "refuseProposal", tag: "Proposals" },
    summary: "Does not carry out what was proposed, or withdraws it",
    description:
      "Whom a rule proposed is left alone for as long again. That costs nobody anything, unless it is found wrong.",
    ...{ allows: "analyst", scope: "own", changes: true },
    body: RefuseOrder,
    answers: { 200: { description: "Nothing was done", schema: Refused } },
    handle: async ({ caller, params: { proposal = "" }, body }) => {
      await refused(caller, proposal, body, ports);
      return answer(200, { proposal });
    },
  }),
];

const listRoute = (ports: OperatorApiPorts): Route =>
  route({
    ...{ method: "GET", path: "/proposals", operationId: "listProposals" },
    ...{ tag: "Proposals", summary: "What waits for a person's decision" },
    ...{ allows: "viewer", scope: "own" },
    query: ProposalsQuery,
    answers: {
      200: { description: "Newest first", schema: countedPageOf(Proposal) },
    },
    description: PAGES,
    handle: async ({ caller, query, context }) => {
      const { signal } = context.req.raw;
      return answer(200, await listed(caller, query, ports, signal));
    },
  });

async function listed(
  caller: Caller,
  { limit, all, q, cursor: from }: v.InferOutput<typeof ProposalsQuery>,
  ports: OperatorApiPorts,
  signal: AbortSignal,
) {
  const { clock } = ports;
  if (q !== undefined) {
    const asked = proposalsAsked(caller, q, { all }, ports);
    const found = await walk(asked, { clock, signal, from, limit });
    return pageShown(found, (each) => each);
  }
  const { behind, placeOf } = proposalsOf(caller, { all }, ports);
  const items = behind(from, limit);
  if (items.length < limit) return { items, next: null };
  const next = items.reduce((place, row) => placeOf(row, place), from);
  return { items, next: cursorOf(next) };
}

/** @throws ApiProblem when there is none that the caller sees */
async function told(caller: Caller, id: string, ports: OperatorApiPorts) {
  const order = orderSeen(caller, id, ports);
  if (order !== undefined) {
    const ranges = await rangesOfOrder(order, ports);
    const text = textOfOrder(order, ports);
    return { proposal: shownOrder(order), ranges, text };
  }
  const rule = caller.org === null ? ports.proposals.find(id) : undefined;
  if (rule === undefined) {
    throw unknown("proposal", id, `there is no proposal ${id}`);
  }
  const ranges = [rule.attacker];
  return { proposal: shownRule(rule), ranges, text: null };
}

async function released(
  caller: Caller,
  id: string,
  body: v.InferOutput<typeof ReleaseOrder>,
  ports: OperatorApiPorts,
) {
  const asked = orderSeen(caller, id, ports);
  if (asked !== undefined) {
    const [first] = await releaseOrder(caller, asked, body.reason, ports);
    const { change, feeds } = shownOrder(asked);
    const [feed = "urgent"] = feeds;
    const place = placeOf(first, feed as FeedName, ports);
    const came = { proposal: id, change: change?.says ?? null, ...place };
    return answer(change ? 201 : statusOf(first), came);
  }
  const order = { ...body, by: caller.name };
  const made = await whileTaken(caller, id, ports, (proposal) =>
    release(proposal, order, ports),
  );
  const place = placeOf(made, "urgent", ports);
  return answer(statusOf(made), { proposal: id, change: null, ...place });
}

async function refused(
  caller: Caller,
  proposal: string,
  { reason, wrong }: v.InferOutput<typeof RefuseOrder>,
  ports: OperatorApiPorts,
): Promise<void> {
  const asked = orderSeen(caller, proposal, ports);
  if (asked !== undefined) {
    if (wrong) throw onlyOfRules();
    return refuseOrder(caller, asked, reason, ports);
  }
  const settled = { proposal, verdict: "refused", reason } as const;
  const wrongly = wrong && ({ wrong } as const);
  await whileTaken(caller, proposal, ports, () =>
    ports.proposals.settling.settle({
      ...{ ...settled, by: caller.name, ...wrongly },
    }),
  );
}

const onlyOfRules = () =>
  problem(400, "invalid", {
    ...{ field: "wrong", value: "true" },
    message: "wrong: is said of what a rule proposed, and this is an order",
  });

/**
 * The ban is the operator's, on the rule's evidence; none is made where somebody
 * has banned it for as long meanwhile.
 */
async function release(
  { id, attacker, reason: seen, evidence }: Proposed,
  order: {
    readonly by: string;
    readonly for: number | undefined;
    readonly reason: string;
  },
  { bans, proposals }: OperatorApiPorts,
) {
  const { by, for: forSeconds, reason } = order;
  const mandate = { feed: "urgent", by, evidence } as const;
  const terms = { forSeconds, reason: seen, observed: false };
  const ranges = [parseCidr(attacker)];
  const settled = { proposal: id, verdict: "released", by, reason } as const;
  const [made] = await proposals.settling.release(
    ...([settled, [mandate.feed]] as const),
    async (watch) => {
      const manner = { replace: false, dryRun: false, watch };
      const { decision } = await bans.ban(mandate, ranges, terms, manner);
      return decision ? [decision] : [];
    },
  );
  return made;
}

/**
 * Nobody else decides on it meanwhile.
 * @throws ApiProblem when it is not open, or not the caller's to see
 */
async function whileTaken<T>(
  { org }: Caller,
  id: string,
  { proposals }: OperatorApiPorts,
  act: (proposal: Proposed) => Promise<T>,
): Promise<T> {
  if (org !== null || proposals.find(id) === undefined) {
    throw unknown("proposal", id, `there is no proposal ${id}`);
  }
  return whileOpen(id, async () => {
    using open = proposals.settling.take(id);
    return await act(open.proposal);
  });
}
