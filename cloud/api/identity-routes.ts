import { Hono } from "hono";
import type { OperatorApiPorts } from "./ports.js";
import { checked, problem } from "./problem.js";
import { jsonBody, type OperatorEnv } from "./requests.js";
import { ClonesQuery, RevokeOrder } from "./shapes.js";

/** Who the agents are, and whether each is only one. */
export function identityRoutes(ports: OperatorApiPorts): Hono<OperatorEnv> {
  const { registry, gateway, journal, telemetry, bootLog } = ports;
  const routes = new Hono<OperatorEnv>();
  routes.get("/agents", (c) => {
    const hosts = telemetry.hosts();
    const clones = bootLog.standing();
    const agents = registry.agents().map((agent) => ({
      ...agent,
      connected: gateway.isConnected(agent.id),
      cloned: clones.get(agent.id) ?? 0,
      telemetryOverSince: ports.telemetryOverSince(agent.id),
      report: hosts.get(agent.id) ?? null,
    }));
    return c.json({ agents });
  });
  routes.post("/agents/:id/revoke", async (c) => {
    const agent = knownAgent(c.req.param("id"), ports);
    const empty = Number(c.req.header("content-length") ?? 0) === 0;
    const { reason } = checked(RevokeOrder, empty ? {} : await jsonBody(c));
    const by = c.get("operator");
    journal.append([{ kind: "agent-revoked", agent, by, reason }]);
    gateway.dismiss(agent, "revoked");
    return c.json({ agent });
  });
  routes.get("/clones", (c) => {
    const { limit } = checked(ClonesQuery, c.req.query());
    return c.json({ clones: bootLog.clones(limit) });
  });
  routes.post("/agents/:id/clear-clones", (c) => {
    const agent = knownAgent(c.req.param("id"), ports);
    journal.append([{ kind: "clones-cleared", agent, by: c.get("operator") }]);
    return c.json({ agent });
  });
  return routes;
}

function knownAgent(id: string, { registry }: OperatorApiPorts): string {
  if (registry.agent(id) !== undefined) return id;
  const message = `nobody is ${id}`;
  throw problem(404, "unknown", { field: "id", value: id, message });
}
