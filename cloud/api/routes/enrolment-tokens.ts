import * as v from "valibot";
import { formatCidr } from "../../../agent/model/cidr.js";
import { modes } from "../../../agent/model/mode.js";
import { isoTime } from "../../../agent/text/time.js";
import type { Caller } from "../../operators/caller.js";
import type { Token } from "../../registry/registry.js";
import type { OperatorApiPorts } from "../ports.js";
import { limitOf, Named, Range, Reason, YesOrNo } from "../fields.js";
import { unknown } from "../problem.js";
import { mustBeOwnOrg, sees } from "../scope.js";
import { Cursor, cursorOf, pageOf, Time, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { Tags } from "./agent-shapes.js";
import { Label, Lifetime } from "./operator-shapes.js";

/** Hosts that one token lets in. */
const MOST_USES = 100_000;

const MOST_NETWORKS = 32;

/** What it proposes that the host begins with; null: nothing. */
const Proposed = v.nullable(v.picklist(modes));

/** What it lets in. */
const terms = {
  mode: Proposed,
  /** How many hosts may come in by it in all. */
  uses: Whole,
  /** What they are called by beside their names. */
  tags: v.array(v.string()),
  /** Where they must come from, as CIDR ranges; none: anywhere. */
  networks: v.array(v.string()),
};

/** What is told of one later. */
export const ListedToken = v.object({
  ...{ id: v.string(), org: v.string(), label: v.string() },
  ...{ madeAt: Time, madeBy: v.string(), expiresAt: Time, ...terms },
  /** How many hosts came in by it so far. */
  used: Whole,
  /** The last agent that did. */
  usedBy: v.nullable(v.string()),
  usedAt: v.nullable(Time),
  revokedAt: v.nullable(Time),
  revokedBy: v.nullable(v.string()),
});

/** A token by which hosts come in. */
export const EnrolmentToken = v.object({
  ...{ id: v.string(), org: v.string(), label: v.string(), expiresAt: Time },
  ...terms,
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

const Uses = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.maxValue(MOST_USES),
);

const Networks = v.pipe(v.array(Range), v.maxLength(MOST_NETWORKS));

const TokenOrder = v.strictObject({
  org: Named,
  expiresIn: v.optional(Lifetime, "24h"),
  label: v.optional(Label, ""),
  /** What the host is to begin with, should it have no mode of its own yet. */
  mode: v.optional(v.picklist(modes)),
  /** How many hosts may come in by it. */
  uses: v.optional(Uses, 1),
  /** What hosts that come in by it are called by beside their names. */
  tags: v.optional(Tags, []),
  /** Where they must come from; none: anywhere. */
  networks: v.optional(Networks, []),
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
    summary: "Makes a token for one host or more, which is shown once",
    ...{ allows: "admin", scope: "own", changes: true, shownOnce: true },
    body: TokenOrder,
    problems: [404],
    answers: { 201: { description: "The token", schema: EnrolmentToken } },
    handle: async ({ caller, body }) =>
      answer(201, await madeBy(caller, body, ports)),
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

async function madeBy(
  caller: Caller,
  {
    org,
    label,
    expiresIn,
    mode,
    uses,
    ...body
  }: v.InferOutput<typeof TokenOrder>,
  ports: OperatorApiPorts,
) {
  mustBeOwnOrg(caller, org, ports);
  const expiresAt = ports.clock.now() + expiresIn * 1000;
  const tags = [...new Set(body.tags)].sort();
  const networks = [...new Set(body.networks.map(formatCidr))];
  const made = await ports.enrolment.makeToken({
    ...{ org, expiresAt, by: caller.name, url: ports.publicUrl() },
    ...(label !== "" && { label }),
    ...(mode && { mode }),
    ...(uses > 1 && { uses }),
    ...(tags.length > 0 && { tags }),
    ...(networks.length > 0 && { networks }),
  });
  const terms = { mode: mode ?? null, uses, tags, networks };
  return { ...made, org, label, expiresAt, ...terms };
}

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
