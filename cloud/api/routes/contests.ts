import * as v from "valibot";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { Contest as Known } from "../../contest/contests.js";
import { CONTESTS } from "../../query/lists/contests.js";
import { contestsAsked } from "../asked/contests.js";
import { Reason, Term, YesOrNo, limitOf } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem, unknown } from "../problem.js";
import { PAGES, QueryOf } from "../query-field.js";
import {
  Cursor,
  Seconds,
  Time,
  Whole,
  countedPageOf,
  cursorOf,
} from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { pageShown, walk } from "../walk.js";
import { AnswerText, Complaint } from "./contest-shapes.js";

/** Somebody says that an address is banned wrongly, and what came of it. */
export const Contest = v.object({
  contest: v.string(),
  address: v.string(),
  /** "open", or what somebody said to it. */
  state: v.picklist(["open", "released", "shortened", "refused"]),
  openedAt: Time,
  /** An operator's name, or "stranger". */
  openedBy: v.string(),
  /** How it is known whose address it is. */
  proof: v.picklist(["from-address", "code", "operator"]),
  why: v.string(),
  contact: v.string(),
  answerBy: Time,
  isOverdue: v.boolean(),
  /** Decisions that ban it, or did. */
  decisions: v.array(v.string()),
  answeredAt: v.nullable(Time),
  answeredBy: v.nullable(v.string()),
  /** Who answered had ordered the ban, or released it: there was nobody else. */
  bySelf: v.nullable(v.boolean()),
  answer: v.nullable(v.string()),
  /** Of what was shortened: until when it is banned. */
  until: v.nullable(Seconds),
});

const ContestQuery = v.strictObject({
  limit: limitOf(100),
  /** Those that were answered as well. */
  all: v.optional(YesOrNo, "false"),
  q: v.optional(QueryOf(CONTESTS)),
  cursor: v.optional(Cursor(v.pipe(v.number(), v.safeInteger()))),
});

const VerdictOrder = v.strictObject({
  verdict: v.picklist(["released", "shortened", "refused"]),
  answer: AnswerText,
  /** Of what is shortened: how long it is banned from now on. */
  for: v.optional(Term),
  reason: v.optional(Reason, ""),
});

export const Answered = v.object({
  contest: Contest,
  /** By which it was lifted or shortened: one of each feed. */
  decisions: v.array(
    v.object({
      decision: v.string(),
      feed: v.string(),
      epoch: v.string(),
      offset: Whole,
      decidedAt: Time,
    }),
  ),
});

const OneOfAddress = v.strictObject({ address: Complaint.entries.address });

export const Code = v.object({
  address: v.string(),
  /** For whom the address belongs to; it is good once. */
  code: v.string(),
  expiresAt: Time,
});

/** Bans that somebody contests, and what is said to it. */
export const contestRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  ...readRoutes(ports),
  route({
    ...{ method: "POST", path: "/contests/open", operationId: "openContest" },
    ...{
      tag: "Contests",
      summary: "Contests the bans on an address, for others",
    },
    ...{ allows: "analyst", scope: "vendor", changes: true },
    body: Complaint,
    answers: { 201: { description: "It waits", schema: Contest } },
    problems: [404, 409, 503],
    handle: async ({ caller: { name: by }, body }) => {
      const { address: host, why, contact } = body;
      const proof = { proof: "operator", by } as const;
      const complaint = { host, why, contact };
      const { contest } = await ports.contesting.open(complaint, proof);
      return answer(201, shown(known(contest, ports)));
    },
  }),
  route({
    ...{ method: "POST", path: "/contest-codes" },
    ...{ operationId: "makeContestCode", tag: "Contests" },
    summary: "A code by which somebody contests the bans on an address, once",
    ...{ allows: "analyst", scope: "vendor", changes: true, shownOnce: true },
    body: OneOfAddress,
    answers: { 201: { description: "It is shown this once", schema: Code } },
    problems: [409],
    handle: async ({ caller, body: { address: host } }) => {
      const { code, expiresAt } = await ports.contesting.invite(host, caller);
      return answer(201, { address: formatCidr(host), code, expiresAt });
    },
  }),
  answerRoute(ports),
];

const answerRoute = (ports: OperatorApiPorts): Route =>
  route({
    ...{ method: "POST", path: "/contests/{contest}/answer" },
    ...{ operationId: "answerContest", tag: "Contests" },
    summary: "Releases the address, shortens its bans, or refuses",
    description:
      "By another than who ordered what bans it, or released that; by the same only where nobody else could sign in who may, and the record says so. What is released is lifted in all feeds; a wider ban around it is to be lifted before. Whose reports a rule had banned it by weighs less for a while.",
    ...{ allows: "approver", scope: "vendor", changes: true },
    body: VerdictOrder,
    answers: { 200: { description: "It is answered", schema: Answered } },
    problems: [404, 409, 503],
    handle: async ({ caller, params: { contest = "" }, body }) => {
      const { verdict, answer: text, for: forSeconds } = body;
      if ((verdict === "shortened") !== (forSeconds !== undefined)) {
        throw problem(400, "invalid", {
          ...{ field: "for", value: undefined },
          message:
            '"for" says how long, of what is shortened, and only of that',
        });
      }
      const said = { verdict, answer: text, forSeconds };
      const came = await ports.answering.answer(caller, contest, said);
      const { decisions } = came;
      return answer(200, { contest: shown(came.contest), decisions });
    },
  });

const readRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/contests", operationId: "listContests" },
    ...{ tag: "Contests", summary: "Bans that somebody contests" },
    ...{ allows: "viewer", scope: "vendor" },
    query: ContestQuery,
    answers: {
      200: { description: "Newest first", schema: countedPageOf(Contest) },
    },
    description: PAGES,
    handle: async ({ query, context }) => {
      const { signal } = context.req.raw;
      return answer(200, await listed(query, ports, signal));
    },
  }),
  route({
    ...{ method: "GET", path: "/contests/{contest}" },
    ...{ operationId: "getContest", tag: "Contests" },
    summary: "One that somebody contests, and what came of it",
    ...{ allows: "viewer", scope: "vendor" },
    answers: { 200: { description: "It", schema: Contest } },
    problems: [404],
    handle: ({ params: { contest = "" } }) =>
      answer(200, shown(known(contest, ports))),
  }),
];

async function listed(
  { limit, all, q, cursor: from }: v.InferOutput<typeof ContestQuery>,
  ports: OperatorApiPorts,
  signal: AbortSignal,
) {
  const { clock, contests } = ports;
  if (q !== undefined) {
    const asked = contestsAsked(q, { all }, ports);
    const found = await walk(asked, { clock, signal, from, limit });
    return pageShown(found, shown);
  }
  const found = contests.list({ limit, all, before: from });
  const last = found.length === limit ? found.at(-1) : undefined;
  const next = last === undefined ? null : cursorOf(last.seq);
  return { items: found.map((each) => shown(each)), next };
}

/** @throws ApiProblem */
function known(id: string, { contests }: OperatorApiPorts): Known {
  const contest = contests.contest(id);
  if (contest !== undefined) return contest;
  throw unknown("contest", id, `there is no contest ${id}`);
}

function shown(contest: Known): v.InferInput<typeof Contest> {
  const { by: openedBy, answered, about, ...rest } = contest;
  const opened = { ...rest, openedBy };
  if (answered === null) return { ...opened, ...OPEN, decisions: [...about] };
  const { verdict: state, by: answeredBy, bySelf, answer: text } = answered;
  return {
    ...{ ...opened, state, answeredBy, bySelf, answer: text },
    ...{ decisions: [...answered.about], until: answered.until ?? null },
  };
}

const OPEN = {
  ...({ state: "open", answeredBy: null, bySelf: null } as const),
  ...{ answer: null, until: null },
} as const;
