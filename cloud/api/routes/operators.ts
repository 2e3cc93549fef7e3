import * as v from "valibot";
import { shortText } from "../../../agent/protocol/shapes.js";
import type { Caller } from "../../operators/caller.js";
import type { Operator } from "../../operators/operator.js";
import { CloudFeed, limitOf, Named, Reason, YesOrNo } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { Cursor, cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { CallerOut, Limits, OperatorOut, RoleName } from "./operator-shapes.js";

const OperatorsQuery = v.strictObject({
  role: v.optional(RoleName),
  org: v.optional(Named),
  disabled: v.optional(YesOrNo),
  limit: limitOf(100),
  /** The last one of the page before. */
  cursor: v.optional(Cursor(v.string())),
});

const Joining = v.strictObject({
  name: v.pipe(shortText(64), v.minLength(1)),
  role: RoleName,
  /** Null: all orgs; absent: as who adds them. */
  org: v.optional(v.nullable(Named)),
  /** Of actuators, who need them. */
  limits: v.optional(Limits),
  /** Of partners, who need one. */
  collection: v.optional(CloudFeed),
});

const Changing = v.strictObject({
  role: v.optional(RoleName),
  org: v.optional(v.nullable(Named)),
  limits: v.optional(Limits),
  collection: v.optional(CloudFeed),
  disabled: v.optional(v.boolean()),
  reason: v.optional(Reason, ""),
});

/** Who works with the cloud. */
export const operatorRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/me", operationId: "whoAmI" },
    ...{ tag: "People", summary: "Who one is here, and what one may do" },
    ...{ allows: "partner", scope: "own" },
    answers: { 200: { description: "Oneself", schema: CallerOut } },
    handle: ({ caller }) => answer(200, caller),
  }),
  route({
    ...{ method: "GET", path: "/operators", operationId: "listOperators" },
    ...{ tag: "People", summary: "People and machines, in order of coming" },
    ...{ allows: "viewer", scope: "own" },
    query: OperatorsQuery,
    answers: { 200: { description: "A page", schema: pageOf(OperatorOut) } },
    handle: ({ caller, query }) => answer(200, pageFor(caller, query, ports)),
  }),
  route({
    ...{ method: "GET", path: "/operators/{operator}" },
    ...{ operationId: "getOperator", tag: "People" },
    summary: "One of them, by id or by name",
    ...{ allows: "viewer", scope: "own" },
    answers: { 200: { description: "They", schema: OperatorOut } },
    handle: ({ caller, params: { operator = "" } }) =>
      answer(200, ports.staff.visible(operator, caller)),
  }),
  ...changes(ports),
];

const changes = ({ staff }: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/operators", operationId: "addOperator" },
    ...{ tag: "People", summary: "Lets a person or a machine in" },
    description:
      "They have no credential yet: make a token for them, or let them sign in at an issuer.",
    ...{ allows: "admin", scope: "own", changes: true, stepUp: true },
    body: Joining,
    problems: [404],
    answers: { 201: { description: "They are in", schema: OperatorOut } },
    handle: async ({ caller, body }) => {
      const { name, role, org, limits = null, collection = null } = body;
      const joining = { name, role, org, limits, collection };
      return answer(201, await staff.add(joining, caller));
    },
  }),
  route({
    ...{ method: "PATCH", path: "/operators/{operator}" },
    ...{ operationId: "changeOperator", tag: "People" },
    summary: "Gives another role, org or bounds; disables, or enables again",
    ...{ allows: "admin", scope: "own", changes: true, stepUp: true },
    body: Changing,
    answers: { 200: { description: "As they are now", schema: OperatorOut } },
    handle: async ({ caller, params: { operator = "" }, body, before }) => {
      before(standingOf(staff.visible(operator, caller)));
      return answer(200, await staff.change(operator, body, caller));
    },
  }),
];

/** What a change may change. */
const standingOf = (operator: Operator) => {
  const { role, org, limits, collection, disabledAt } = operator;
  return { role, org, limits, collection, disabled: disabledAt !== null };
};

function pageFor(
  { org }: Caller,
  query: v.InferOutput<typeof OperatorsQuery>,
  { operators }: OperatorApiPorts,
) {
  const { cursor, limit } = query;
  const all = operators.list(org);
  // Whoever was last may have left the filter since, and stays in the list.
  const after = all.findIndex(({ id }) => id === cursor) + 1;
  const left = all.slice(after).filter((each) => isAskedFor(each, query));
  const items = left.slice(0, limit);
  const last = items.at(-1);
  const isMore = last !== undefined && limit < left.length;
  return { items, next: isMore ? cursorOf(last.id) : null };
}

const isAskedFor = (
  { role, org, disabledAt }: Operator,
  asked: v.InferOutput<typeof OperatorsQuery>,
): boolean =>
  (asked.role ?? role) === role &&
  (asked.org ?? org) === org &&
  (asked.disabled ?? disabledAt !== null) === (disabledAt !== null);
