import * as v from "valibot";
import { isoTime } from "../../../agent/text/time.js";
import type { Looked } from "../../journal/decisions.js";
import { lookThenAppend } from "../../journal/look-then-append.js";
import type { Agent } from "../../registry/registry.js";
import { Reason } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { ownAgent } from "../scope.js";
import { answer, route, type Route } from "../table/route.js";
import { Changed, Tagged, TagsOrder } from "./agent-shapes.js";

const RevokeOrder = v.strictObject({ reason: v.optional(Reason) });

/** What operators change about agents; hosts may go by their names. */
export const agentChanges = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "PUT", path: "/agents/{agent}/tags" },
    ...{ operationId: "tagAgent", tag: "Hosts" },
    summary: "Gives a host these tags in place of those it has",
    ...{ allows: "admin", scope: "own", changes: true },
    body: TagsOrder,
    answers: { 200: { description: "As they are now", schema: Tagged } },
    handle: async ({ caller, params: { agent = "" }, body, before }) => {
      const tags = [...new Set(body.tags)].sort();
      const by = caller.name;
      const tagged = await lookThenAppend(ports.decisions, () => {
        const { id, tags: had } = ownAgent(caller, agent, ports);
        before({ tags: had });
        const isSo = had.join() === tags.join();
        const event = { kind: "agent-tagged", agent: id, tags, by } as const;
        return { events: isSo ? [] : [event], answer: { agent: id, tags } };
      });
      return answer(200, tagged);
    },
  }),
  route({
    ...{ method: "POST", path: "/agents/{agent}/revoke" },
    ...{ operationId: "revokeAgent", tag: "Hosts" },
    summary: "Trusts an agent no more; where it is connected, at once",
    ...{ allows: "admin", scope: "own", changes: true, stepUp: true },
    ...{ body: RevokeOrder, bodyOptional: true },
    answers: { 200: { description: "It is revoked", schema: Changed } },
    handle: async ({ caller, params, body: { reason }, before }) => {
      const known = ownAgent(caller, params["agent"] ?? "", ports);
      const { id } = known;
      before(standingOf(known));
      const revoked = { kind: "agent-revoked", agent: id } as const;
      await ports.decisions.append([{ ...revoked, by: caller.name, reason }]);
      ports.gateway.dismiss(id, "revoked");
      return answer(200, { agent: id });
    },
  }),
  ...tidying(ports),
];

const tidying = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/agents/{agent}/forget" },
    ...{ operationId: "forgetAgent", tag: "Hosts" },
    summary: "Lists an agent no more that is revoked, or gone for 30 days",
    ...{ allows: "admin", scope: "own", changes: true },
    answers: { 200: { description: "It is forgotten", schema: Changed } },
    handle: async ({ caller, params: { agent = "" }, before }) => {
      const id = await lookThenAppend(ports.decisions, () => {
        const known = ownAgent(caller, agent, ports);
        before(standingOf(known));
        return forgetting(known, caller.name, ports);
      });
      return answer(200, { agent: id });
    },
  }),
  route({
    ...{ method: "POST", path: "/agents/{agent}/clear-clones" },
    ...{ operationId: "clearClones", tag: "Hosts" },
    summary: "Says that somebody has seen to what is told of its clones",
    ...{ allows: "admin", scope: "own", changes: true },
    answers: { 200: { description: "It is noted", schema: Changed } },
    handle: async ({ caller, params: { agent = "" }, before }) => {
      const { id } = ownAgent(caller, agent, ports);
      before({ clones: ports.bootLog.standing().get(id) ?? 0 });
      const cleared = { kind: "clones-cleared", agent: id } as const;
      const seen = ports.observations.level;
      await ports.decisions.append([{ ...cleared, by: caller.name, seen }]);
      return answer(200, { agent: id });
    },
  }),
];

/** What an agent was, for the record. */
const standingOf = ({ hostname, org, revokedAt, lastSeen }: Agent) => ({
  ...{ hostname, org, revoked: revokedAt !== null },
  lastSeen: lastSeen === null ? null : isoTime(lastSeen),
});

function forgetting(
  agent: Agent,
  by: string,
  ports: OperatorApiPorts,
): Looked<string> {
  mustBeGone(agent, ports);
  const { id } = agent;
  const isRevoked = agent.revokedAt !== null;
  const revoked = { kind: "agent-revoked", agent: id, by } as const;
  const events = [
    ...(isRevoked ? [] : [{ ...revoked, reason: "long gone" }]),
    { kind: "agent-forgotten", agent: id, by } as const,
  ];
  return { events, answer: id };
}

/** Forgetting hides an agent: nobody is to vanish who may still come back. */
function mustBeGone(
  { id, hostname, revokedAt, lastSeen, enrolledAt }: Agent,
  { gateway, clock }: Pick<OperatorApiPorts, "gateway" | "clock">,
): void {
  if (revokedAt !== null) return;
  const seen = gateway.heardAt(id) ?? lastSeen ?? enrolledAt;
  if (clock.now() - seen >= LONG_GONE_MS) return;
  const when = isoTime(seen);
  throw problem(409, "not-gone", {
    field: "agent",
    value: id,
    message: `${hostname} (${id}) was there on ${when}: revoke it first, or wait until it is gone for 30 days`,
  });
}

const LONG_GONE_MS = 30 * 24 * 60 * 60 * 1000;
