import * as v from "valibot";
import { modes } from "../../../agent/model/mode.js";
import { isoTime } from "../../../agent/text/time.js";
import type { Caller } from "../../operators/caller.js";
import type { Token } from "../../registry/registry.js";
import type { OperatorApiPorts } from "../ports.js";
import { limitOf, Named, Reason, YesOrNo } from "../fields.js";
import { unknown } from "../problem.js";
import { mustBeOwnOrg, sees } from "../scope.js";
import { Cursor, cursorOf, pageOf, Time } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { Label, Lifetime } from "./operator-shapes.js";

/** What it proposes that the host begins with; null: nothing. */
const Proposed = v.nullable(v.picklist(modes));

/** What is told of one later. */
export const ListedToken = v.object({
  ...{ id: v.string(), org: v.string(), label: v.string() },
  ...{ madeAt: Time, madeBy: v.string(), expiresAt: Time, mode: Proposed },
  /** The agent that came in by it. */
  usedBy: v.nullable(v.string()),
  usedAt: v.nullable(Time),
  revokedAt: v.nullable(Time),
  revokedBy: v.nullable(v.string()),
});

/** A token by which one host comes in. */
export const EnrolmentToken = v.object({
  ...{ id: v.string(), org: v.string(), label: v.string(), expiresAt: Time },
  mode: Proposed,
  /** To be pasted on the host; it is nowhere else. */
  token: v.string(),
});

const TokensQuery = v.strictObject({
  org: v.optional(Named),
  /** True: only those by which a host may still come in. */
  open: v.optional(YesOrNo, "false"),
  limit: limitOf(100),
  cursor: v.optional(Cursor(v.pipe(v.number(), v.integer()))),
});

const TokenOrder = v.strictObject({
  org: Named,
  expiresIn: v.optional(Lifetime, "24h"),
  label: v.optional(Label, ""),
  /** What the host is to begin with, should it have no mode of its own yet. */
  mode: v.optional(v.picklist(modes)),
});

const RevokeQuery = v.strictObject({ reason: v.optional(Reason, "") });

/** The tokens by which hosts come in. */
export const enrolmentTokenRoutes = (
  ports: OperatorApiPorts,
): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/enrolment-tokens" },
    ...{ operationId: "listEnrolmentTokens", tag: "Orgs" },
    summary: "Tokens by which hosts came in, or may, the newest first",
    ...{ allows: "viewer", scope: "own" },
    query: TokensQuery,
    problems: [404],
    answers: { 200: { description: "A page", schema: pageOf(ListedToken) } },
    handle: ({ caller, query }) => answer(200, pageFor(caller, query, ports)),
  }),
  route({
    ...{ method: "POST", path: "/enrolment-tokens" },
    ...{ operationId: "makeEnrolmentToken", tag: "Orgs" },
    summary: "Makes a token for one host, which is shown once",
    ...{ allows: "admin", scope: "own", changes: true, shownOnce: true },
    body: TokenOrder,
    problems: [404],
    answers: { 201: { description: "The token", schema: EnrolmentToken } },
    handle: async ({ caller, body: { org, label, expiresIn, mode } }) => {
      mustBeOwnOrg(caller, org, ports);
      const expiresAt = ports.clock.now() + expiresIn * 1000;
      const made = await ports.enrolment.makeToken({
        ...{ org, expiresAt, by: caller.name, url: ports.publicUrl() },
        ...(label !== "" && { label }),
        ...(mode && { mode }),
      });
      const told = { ...made, org, label, expiresAt, mode: mode ?? null };
      return answer(201, told);
    },
  }),
  route({
    ...{ method: "DELETE", path: "/enrolment-tokens/{token}" },
    ...{ operationId: "revokeEnrolmentToken", tag: "Orgs" },
    summary: "Lets no host in by a token any more; who came in stays",
    ...{ allows: "admin", scope: "own", changes: true },
    query: RevokeQuery,
    answers: { 200: { description: "It was this", schema: ListedToken } },
    handle: async ({ caller, params: { token: id = "" }, query, before }) => {
      const token = ownToken(caller, id, ports);
      const { org, label, expiresAt } = token;
      before({ org, label, expiresAt: isoTime(expiresAt) });
      const order = { by: caller.name, reason: query.reason };
      await ports.enrolment.revokeToken(token, order);
      return answer(200, ownToken(caller, id, ports));
    },
  }),
];

function pageFor(
  caller: Caller,
  query: v.InferOutput<typeof TokensQuery>,
  ports: OperatorApiPorts,
) {
  const { org = caller.org, open, limit, cursor = null } = query;
  if (org !== null) mustBeOwnOrg(caller, org, ports);
  const now = ports.clock.now();
  const asked = { org, open, now, before: cursor, limit: limit + 1 };
  const found = ports.registry.tokens(asked);
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1) : undefined;
  return { items, next: last === undefined ? null : cursorOf(last.seq) };
}

/** @throws ApiProblem when there is none, or none of the caller's */
function ownToken(
  caller: Caller,
  id: string,
  { registry }: OperatorApiPorts,
): Token {
  const token = registry.tokenCalled(id);
  if (token !== undefined && sees(caller, token.org)) return token;
  throw unknown("token", id, `there is no enrolment token ${id}`);
}
