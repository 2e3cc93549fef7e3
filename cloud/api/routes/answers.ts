import * as v from "valibot";
import { modes } from "../../../agent/model/mode.js";
import type { Caller } from "../../operators/caller.js";
import type { AnswerQuery } from "../../receipts/receipts.js";
import { CloudFeed, Named, YesOrNo, limitOf, wholeNumber } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { mustBeReadable, ownAgent } from "../scope.js";
import { Cursor, Time, Whole, cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { said } from "../table/said.js";
import { ownDecision } from "./decisions.js";

/** An agent's word that a position is in force, and the cloud's note of it. */
export const Receipt = v.object({
  seq: Whole,
  /** When the cloud took it down. */
  at: Time,
  receipt: v.object({
    agent: v.string(),
    position: v.object({
      ...{ feed: v.string(), epoch: v.string() },
      ...{ offset: Whole, hash: v.string() },
    }),
    revision: Whole,
    backend: v.picklist(["nftables", "dry-run"]),
    mode: v.picklist(modes),
    banned: Whole,
    observed: Whole,
    lifted: Whole,
    expired: Whole,
    heldTotal: Whole,
    /** The first of them. */
    held: v.array(v.object({ range: v.string(), rule: v.string() })),
    /** In force until then, unless the host is seen to live on with it. */
    trial: v.optional(v.object({ bans: Whole, until: Time })),
    receivedAt: Time,
    /** From the last byte to the ledger, and to the kernel's read-back. */
    recordedMs: v.number(),
    enforcedMs: v.number(),
  }),
});

export const ReceiptsPage = v.object({
  ...pageOf(Receipt).entries,
  /** How many there are behind `after`. */
  total: Whole,
});

/** What an agent did not believe. */
export const Refusal = v.object({
  seq: Whole,
  at: Time,
  agent: v.string(),
  feed: v.string(),
  code: v.string(),
  detail: v.string(),
});

/** An agent that holds a history which this cloud's feed never had. */
export const Divergence = v.object({
  seq: Whole,
  at: Time,
  agent: v.string(),
  document: v.picklist(["hello", "receipt"]),
  feed: v.string(),
  epoch: v.string(),
  offset: Whole,
  theirs: v.string(),
  ours: v.nullable(v.string()),
});

const AnswersQuery = v.strictObject({
  /** Behind this sequence number: for who follows. */
  after: said(v.optional(wholeNumber(), "0"), { default: 0 }),
  limit: limitOf(1_000),
  /** An id, or a host's name where it is unique. */
  agent: v.optional(Named),
  feed: v.optional(CloudFeed),
  cursor: v.optional(Cursor(Whole)),
});

const ReceiptsQuery = v.strictObject({
  ...AnswersQuery.entries,
  epoch: v.optional(Named),
  /** Those that stand at least there. */
  offset: v.optional(wholeNumber()),
  /** Those of this decision. */
  decision: v.optional(Named),
  /** The newest of them, still in the order they came: one page. */
  newest: v.optional(YesOrNo, "false"),
});

const inOrder = { description: "In the order they came" };

/** What agents answered to what they were told. */
export const answerRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/receipts", operationId: "listReceipts" },
    ...{ tag: "Hosts", summary: "What hosts signed to have in force" },
    ...{ allows: "viewer", scope: "own", query: ReceiptsQuery },
    answers: { 200: { ...inOrder, schema: ReceiptsPage } },
    problems: [404, 409],
    handle: ({ caller, query }) =>
      answer(200, receiptsOf(caller, query, ports)),
  }),
  route({
    ...{ method: "GET", path: "/refusals", operationId: "listRefusals" },
    ...{ tag: "Hosts", summary: "What hosts did not believe" },
    ...{ allows: "viewer", scope: "own", query: AnswersQuery },
    answers: { 200: { ...inOrder, schema: pageOf(Refusal) } },
    problems: [404, 409],
    handle: ({ caller, query }) => {
      const asked = askedOf(caller, query, ports);
      return answer(200, page(ports.receipts.refusals(asked), asked));
    },
  }),
  route({
    ...{ method: "GET", path: "/divergences", operationId: "listDivergences" },
    ...{ tag: "Hosts", summary: "Hosts with a history that no feed here had" },
    ...{ allows: "viewer", scope: "own", query: AnswersQuery },
    answers: { 200: { ...inOrder, schema: pageOf(Divergence) } },
    problems: [404, 409],
    handle: ({ caller, query }) => {
      const asked = askedOf(caller, query, ports);
      return answer(200, page(ports.receipts.divergences(asked), asked));
    },
  }),
];

/** Hosts go by their names; of others' hosts there is nothing. */
function askedOf(
  caller: Caller,
  query: v.InferOutput<typeof AnswersQuery>,
  ports: OperatorApiPorts,
): AnswerQuery {
  const { after, limit, agent, feed, cursor } = query;
  if (feed !== undefined) mustBeReadable(caller, feed, ports);
  return {
    ...{ after: Math.max(after, cursor ?? 0), limit, feed },
    agent: agent && ownAgent(caller, agent, ports).id,
    agents: ownAgents(caller, ports),
    ...{ epoch: undefined, offset: undefined, through: undefined },
  };
}

/** Undefined: all there are. */
const ownAgents = ({ org }: Caller, { registry }: OperatorApiPorts) =>
  org === null
    ? undefined
    : registry.agents().flatMap((each) => (each.org === org ? each.id : []));

function receiptsOf(
  caller: Caller,
  query: v.InferOutput<typeof ReceiptsQuery>,
  ports: OperatorApiPorts,
) {
  const { newest, decision, epoch, offset } = query;
  const place =
    decision === undefined
      ? { epoch, offset }
      : placeOf(caller, decision, ports);
  const asked = { ...askedOf(caller, query, ports), ...place };
  const { receipts } = ports;
  const total = receipts.count(asked);
  if (!newest) return { ...page(receipts.receipts(asked), asked), total };
  return { items: receipts.newestReceipts(asked), next: null, total };
}

/** A decision's receipts stand within its place. */
function placeOf(caller: Caller, id: string, ports: OperatorApiPorts) {
  const { feed, epoch, first, last } = ownDecision(caller, id, ports);
  return {
    ...{ feed, epoch: epoch ?? "" },
    ...{ offset: first ?? 0, through: last ?? 0 },
  };
}

function page<T extends { readonly seq: number }>(
  items: readonly T[],
  { limit }: AnswerQuery,
) {
  const last = items.length === limit ? items.at(-1) : undefined;
  return { items, next: last === undefined ? null : cursorOf(last.seq) };
}
