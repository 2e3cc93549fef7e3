import { Hono } from "hono";
import type { Looked } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import { isoTime } from "../../agent/text/time.js";
import type { Agent } from "../registry/registry.js";
import { agentCalled } from "./agent-names.js";
import type { OperatorApiPorts } from "./ports.js";
import { checked, problem } from "./problem.js";
import { jsonBody, type OperatorEnv } from "./requests.js";
import { ClonesQuery, RevokeOrder } from "./shapes.js";

/** Who the agents are, and whether each is only one. */
export function identityRoutes(ports: OperatorApiPorts): Hono<OperatorEnv> {
  const { registry, gateway, decisions, telemetry, bootLog } = ports;
  const routes = new Hono<OperatorEnv>();
  routes.get("/agents", (c) => {
    const hosts = telemetry.hosts();
    const clones = bootLog.standing();
    const agents = registry.agents().map((agent) => ({
      ...agent,
      lastSeen: gateway.heardAt(agent.id) ?? agent.lastSeen,
      connected: gateway.isConnected(agent.id),
      cloned: clones.get(agent.id) ?? 0,
      telemetryOverSince: ports.telemetryOverSince(agent.id),
      report: hosts.get(agent.id) ?? null,
    }));
    return c.json({ agents });
  });
  routes.post("/agents/:id/revoke", async (c) => {
    const agent = agentCalled(c.req.param("id"), ports).id;
    const empty = Number(c.req.header("content-length") ?? 0) === 0;
    const { reason } = checked(RevokeOrder, empty ? {} : await jsonBody(c));
    const by = c.get("operator");
    const revoked = { kind: "agent-revoked", agent, by, reason } as const;
    await decisions.append([revoked]);
    gateway.dismiss(agent, "revoked");
    return c.json({ agent });
  });
  routes.post("/agents/:id/forget", async (c) => {
    const { id } = c.req.param();
    const by = c.get("operator");
    const agent = await lookThenAppend(decisions, () =>
      forgetting(agentCalled(id, ports), by, ports),
    );
    return c.json({ agent });
  });
  routes.get("/clones", (c) => {
    const { limit } = checked(ClonesQuery, c.req.query());
    return c.json({ clones: bootLog.clones(limit) });
  });
  routes.post("/agents/:id/clear-clones", async (c) => {
    const agent = agentCalled(c.req.param("id"), ports).id;
    const by = c.get("operator");
    const seen = ports.observations.level;
    await decisions.append([{ kind: "clones-cleared", agent, by, seen }]);
    return c.json({ agent });
  });
  return routes;
}

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
