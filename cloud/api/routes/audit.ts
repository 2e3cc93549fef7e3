import * as v from "valibot";
import { callsAsked } from "../../audit/calls-asked.js";
import { AUDIT } from "../../query/lists/audit.js";
import { Turns } from "../../rate/turns.js";
import { Moment, Named, wholeNumber } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { QueryOf } from "../query-field.js";
import {
  AnyJson,
  Cursor,
  cursorOf,
  pageOf,
  Time,
  Whole,
} from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { said } from "../table/said.js";
import { RoleName } from "./operator-shapes.js";

/** What came of a call. */
const MadeOut = v.object({
  seq: Whole,
  kind: v.string(),
  /** Id of what it is about. */
  of: v.nullable(v.string()),
  says: v.string(),
});

/** Who called for what, and what came of it. */
export const CallOut = v.object({
  seq: Whole,
  at: Time,
  call: v.string(),
  operation: v.string(),
  operator: v.string(),
  name: v.string(),
  role: RoleName,
  org: v.nullable(v.string()),
  credential: v.string(),
  from: v.string(),
  why: v.string(),
  before: AnyJson,
  after: v.array(MadeOut),
  segments: Whole,
});

const AuditQuery = v.strictObject({
  /** Name or id. */
  by: v.optional(Named),
  operation: v.optional(Named),
  since: v.optional(Moment),
  q: v.optional(QueryOf(AUDIT)),
  limit: said(v.optional(wholeNumber(1, 1_000), "100"), { default: 100 }),
  cursor: v.optional(Cursor(v.pipe(v.number(), v.safeInteger()))),
});

/** What operators changed. */
export const auditRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/audit", operationId: "listCalls" },
    ...{ tag: "Cloud", summary: "What operators changed, the newest first" },
    description:
      "Who, from where, why, what stood before and what came of it. `tourniquet-cloud audit --verify` holds it to the tree. A page may have few calls, or none, and not be the last.",
    ...{ allows: "viewer", scope: "vendor" },
    query: AuditQuery,
    answers: { 200: { description: "A page", schema: pageOf(CallOut) } },
    handle: async ({ caller, query, context }) => {
      const { cursor: before, q, ...rest } = query;
      const is = q && callsAsked(q, ports.clock.now());
      const asked = { ...rest, is, before };
      const { signal } = context.req.raw;
      const { records, next } = await ports.listGate.run(
        ...([caller, signal] as const),
        () => ports.records.page(asked, new Turns(ports.clock, signal)),
      );
      const cursor = next === null ? null : cursorOf(next);
      return answer(200, { items: records, next: cursor });
    },
  }),
];
