import type { Caller } from "../../operators/caller.js";
import type { CloneEntry } from "../../registry/clones.projection.js";
import type { OperatorApiPorts } from "../ports.js";
import { sees } from "../scope.js";
import { cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { CloneOut, ClonesQuery } from "./agent-shapes.js";

/** Agents whose key two live processes hold. */
export const cloneRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/clones", operationId: "listClones" },
    ...{ tag: "Hosts", summary: "Keys that two live processes hold" },
    description: "The newest first.",
    ...{ allows: "viewer", scope: "own" },
    query: ClonesQuery,
    answers: { 200: { description: "A page", schema: pageOf(CloneOut) } },
    handle: ({ caller, query: { limit, cursor } }) =>
      answer(200, pageFor(caller, { limit, before: cursor }, ports)),
  }),
];

/** Which org an agent is of stands in another log: what is read is sorted out here. */
function pageFor(
  caller: Caller,
  { limit, before }: { limit: number; before: number | undefined },
  { bootLog, registry }: OperatorApiPorts,
) {
  const items: CloneEntry[] = [];
  for (let from = before; ;) {
    const read = bootLog.clones(limit + 1, from);
    for (const each of read) {
      if (!sees(caller, registry.orgOf(each.agent) ?? "")) continue;
      const last = items.at(-1);
      if (items.length === limit && last !== undefined) {
        return { items, next: cursorOf(last.seq) };
      }
      items.push(each);
    }
    from = read.at(-1)?.seq;
    if (read.length <= limit) return { items, next: null };
  }
}
