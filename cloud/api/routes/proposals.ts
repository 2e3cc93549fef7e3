import * as v from "valibot";
import { parseCidr } from "../../../agent/model/cidr.js";
import { NotOpen, type Proposal as Proposed } from "../../decide/proposals.js";
import type { Caller } from "../../operators/caller.js";
import { Named, Reason, Term, YesOrNo, limitOf } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem, unknown } from "../problem.js";
import { Cursor, Time, Whole, cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { madeOrNot, placeOf, statusOf } from "./orders.js";

/** Why a rule may not decide by itself. */
const Veto = v.variant("why", [
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
export const Proposal = v.object({
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
});

const ProposalsQuery = v.strictObject({
  limit: limitOf(1_000),
  /** Those that were decided on or ran out as well. */
  all: v.optional(YesOrNo, "false"),
  cursor: v.optional(Cursor(Named)),
});

const ReleaseOrder = v.strictObject({
  for: v.optional(Term, "4h"),
  reason: v.optional(Reason, ""),
});

const RefuseOrder = v.strictObject({
  reason: v.pipe(Reason, v.minLength(1, "is needed")),
});

export const Released = v.object({
  proposal: v.string(),
  /** Null: it was banned for as long already. */
  decision: v.nullable(v.string()),
  feed: v.string(),
  epoch: v.string(),
  offset: Whole,
  decidedAt: v.nullable(Time),
});

const Refused = v.object({ proposal: v.string() });

/** What rules put before a person: the vendor's own. */
export const proposalRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/proposals", operationId: "listProposals" },
    ...{ tag: "Proposals", summary: "What waits for a person's decision" },
    ...{ allows: "viewer", scope: "own" },
    query: ProposalsQuery,
    answers: {
      200: { description: "Newest first", schema: pageOf(Proposal) },
    },
    handle: ({ caller, query }) => answer(200, listed(caller, query, ports)),
  }),
  route({
    ...{ method: "POST", path: "/proposals/{proposal}/release" },
    ...{ operationId: "releaseProposal", tag: "Proposals" },
    summary: "Bans what a rule proposed, for everybody",
    ...{ allows: "approver", scope: "own", changes: true },
    ...{ body: ReleaseOrder, bodyOptional: true },
    answers: madeOrNot(Released),
    handle: async ({ caller, params: { proposal: id = "" }, body }) => {
      const order = { ...body, by: caller.name };
      const made = await whileOpen(caller, id, ports, (proposal) =>
        release(proposal, order, ports),
      );
      const place = placeOf(made, "urgent", ports);
      return answer(statusOf(made), { proposal: id, ...place });
    },
  }),
  route({
    ...{ method: "POST", path: "/proposals/{proposal}/refuse" },
    ...{ operationId: "refuseProposal", tag: "Proposals" },
    summary: "Leaves alone whom a rule proposed, for as long again",
    ...{ allows: "analyst", scope: "own", changes: true },
    body: RefuseOrder,
    answers: { 200: { description: "Nobody is banned", schema: Refused } },
    handle: async ({ caller, params: { proposal = "" }, body }) => {
      const { reason } = body;
      const settled = { proposal, verdict: "refused", reason } as const;
      await whileOpen(caller, proposal, ports, () =>
        ports.proposals.settle({ ...settled, by: caller.name }),
      );
      return answer(200, { proposal });
    },
  }),
];

function listed(
  { org }: Caller,
  { limit, all, cursor: before }: v.InferOutput<typeof ProposalsQuery>,
  { proposals }: OperatorApiPorts,
) {
  const found = org === null ? proposals.list({ limit, all, before }) : [];
  const last = found.length === limit ? found.at(-1) : undefined;
  return { items: found, next: last === undefined ? null : cursorOf(last.id) };
}

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
  const manner = { replace: false, dryRun: false };
  const ranges = [parseCidr(attacker)];
  const { decision: made } = await bans.ban(mandate, ranges, terms, manner);
  const settled = { proposal: id, verdict: "released", by, reason } as const;
  await proposals.settle({
    ...settled,
    ...(made && { decision: made.decision }),
  });
  return made;
}

/**
 * Nobody else decides on it meanwhile.
 * @throws ApiProblem when it is not open, or not the caller's to see
 */
async function whileOpen<T>(
  { org }: Caller,
  id: string,
  { proposals }: OperatorApiPorts,
  act: (proposal: Proposed) => Promise<T>,
): Promise<T> {
  if (org !== null || proposals.find(id) === undefined) {
    throw unknown("proposal", id, `there is no proposal ${id}`);
  }
  try {
    using open = proposals.take(id);
    return await act(open.proposal);
  } catch (error) {
    if (!(error instanceof NotOpen)) throw error;
    const { message } = error;
    throw problem(409, "not-open", { field: "proposal", value: id, message });
  }
}
