import * as v from "valibot";
import { shortText } from "../../../agent/protocol/shapes.js";
import { feedBegun } from "../../feeds/feeds.js";
import { lookThenAppend } from "../../journal/look-then-append.js";
import { orgIdFrom } from "../../registry/org-id.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";

export const Org = v.object({ id: v.string(), name: v.string() });

const OrgOrder = v.strictObject({
  /** Made from the name, unless it is given. */
  id: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "is not an org's id"),
    ),
  ),
  name: v.pipe(shortText(128), v.minLength(1)),
});

/** The vendor's customers. */
export const orgRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/orgs", operationId: "listOrgs" },
    ...{ tag: "Orgs", summary: "The orgs that one may see" },
    ...{ allows: "viewer", scope: "own" },
    answers: { 200: { description: "All of them", schema: pageOf(Org) } },
    handle: ({ caller: { org } }) => {
      const all = ports.registry.orgs();
      const items = org === null ? all : all.filter(({ id }) => id === org);
      return answer(200, { items, next: null });
    },
  }),
  route({
    ...{ method: "POST", path: "/orgs", operationId: "addOrg" },
    ...{ tag: "Orgs", summary: "Adds an org, with a feed of its own" },
    ...{ allows: "admin", scope: "vendor", changes: true },
    body: OrgOrder,
    answers: { 201: { description: "It is there", schema: Org } },
    handle: async ({ body }) => answer(201, await add(body, ports)),
  }),
];

async function add(
  { id, name }: v.InferOutput<typeof OrgOrder>,
  { registry, decisions }: OperatorApiPorts,
) {
  const org = id ?? orgIdFrom(name);
  const added = { kind: "org-added", org, name } as const;
  return lookThenAppend(decisions, () => {
    if (registry.org(org) !== undefined) {
      throw problem(409, "exists", {
        field: "id",
        value: org,
        message: `there is an org ${org} already`,
      });
    }
    const events = [added, feedBegun(`org/${org}`)];
    return { events, answer: { id: org, name } };
  });
}
