import * as v from "valibot";
import { modes } from "../../../agent/model/mode.js";
import type { Caller } from "../../operators/caller.js";
import { Named, limitOf } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { unknown } from "../problem.js";
import { ownAgent } from "../scope.js";
import { Cursor, Time, Whole, cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { ownDecision } from "./decisions.js";

/** What every statement says, whatever it is about. */
const common = { agent: v.string(), time: Time, mode: v.picklist(modes) };

/** What became of a change that was on trial. */
const trial = {
  ...common,
  feed: v.string(),
  /** As the host's receipt has it. */
  revision: Whole,
  bans: Whole,
};

const Said = v.variant("what", [
  v.object({ what: v.literal("trial-passed"), ...trial }),
  v.object({
    ...{ what: v.literal("trial-failed"), ...trial },
    /** What was missing. */
    why: v.array(v.string()),
  }),
  v.object({
    ...{ what: v.literal("released"), ...common },
    ...{ range: v.string(), until: Time },
  }),
  v.object({
    ...{ what: v.literal("release-ended"), ...common, range: v.string() },
  }),
  v.object({
    ...{ what: v.literal("rolled-back"), ...common },
    ...{ revision: Whole, withheld: Whole, putBack: Whole },
  }),
  v.object({ what: v.literal("rollback-undone"), ...common, ranges: Whole }),
  v.object({
    ...{ what: v.literal("confirmed"), ...common, bans: Whole },
    /** Absent: of all. */
    range: v.optional(v.string()),
  }),
  v.object({ what: v.literal("mode"), ...common }),
  v.object({ what: v.literal("paused"), ...common, until: Time }),
  v.object({ what: v.literal("pause-ended"), ...common }),
]);

/** What a device signed that changed after its receipts. */
export const Statement = v.object({
  seq: Whole,
  nth: Whole,
  /** When the cloud took it down. */
  at: Time,
  agent: v.string(),
  org: v.string(),
  statement: Said,
  /** As the device signed it: evidence. */
  signed: v.string(),
  signature: v.string(),
});

const StatementsQuery = v.strictObject({
  limit: limitOf(1_000),
  /** An id, or a host's name where it is unique. */
  agent: v.optional(Named),
  /** Those on how its trials ended. */
  decision: v.optional(Named),
  cursor: v.optional(Cursor(v.object({ seq: Whole, nth: Whole }))),
});

/** What changed on hosts after they gave their receipts. */
export const statementRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/statements", operationId: "listStatements" },
    ...{
      tag: "Hosts",
      summary: "What hosts signed that changed after receipts",
    },
    ...{ allows: "viewer", scope: "own" },
    query: StatementsQuery,
    answers: {
      200: { description: "Newest first", schema: pageOf(Statement) },
    },
    problems: [404, 409],
    handle: ({ caller, query }) => answer(200, listed(caller, query, ports)),
  }),
];

function listed(
  caller: Caller,
  query: v.InferOutput<typeof StatementsQuery>,
  ports: OperatorApiPorts,
) {
  const { limit, agent, decision, cursor: before } = query;
  const items = ports.statements.statements({
    ...{ limit, before, org: caller.org ?? undefined },
    agent: agent && ownAgent(caller, agent, ports).id,
    place:
      decision === undefined ? undefined : placeOf(caller, decision, ports),
  });
  const last = items.length === limit ? items.at(-1) : undefined;
  const next = last && cursorOf({ seq: last.seq, nth: last.nth });
  return { items, next: next ?? null };
}

/** @throws ApiProblem when there is none, or nothing of it is in a feed */
function placeOf(caller: Caller, id: string, ports: OperatorApiPorts) {
  const { feed, epoch, first, last } = ownDecision(caller, id, ports);
  if (epoch === null || first === null || last === null) {
    throw unknown("decision", id, `no decision ${id} was carried out`);
  }
  return { feed, epoch, first, last };
}
