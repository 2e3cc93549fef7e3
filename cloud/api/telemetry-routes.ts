import { Hono } from "hono";
import { agentCalled } from "./agent-names.js";
import type { OperatorApiPorts } from "./ports.js";
import { checked } from "./problem.js";
import { DecisionsQuery, TelemetryQuery } from "./shapes.js";

type Ports = Pick<OperatorApiPorts, "telemetry" | "decisionLog" | "registry">;

/** What agents saw, and what was decided on it; for operators. */
export function telemetryRoutes(ports: Ports): Hono {
  const { telemetry, decisionLog } = ports;
  const routes = new Hono();
  routes.get("/detections", (c) => {
    const query = telemetryQuery(c.req.query(), ports);
    return c.json({ detections: telemetry.detections(query) });
  });
  routes.get("/sightings", (c) => {
    const query = telemetryQuery(c.req.query(), ports);
    const sightings = telemetry.sightings(query);
    return c.json({ sightings, totals: telemetry.totals() });
  });
  routes.get("/contacts", (c) => {
    const query = telemetryQuery(c.req.query(), ports);
    return c.json({ contacts: telemetry.contacts(query) });
  });
  routes.get("/decisions", (c) => {
    const query = checked(DecisionsQuery, c.req.query());
    const decisions = decisionLog.decisions({ ...ANY, ...query });
    return c.json({ decisions, total: decisionLog.count(query.by) });
  });
  return routes;
}

/** Which telemetry an operator asks for; hosts may go by their names. */
function telemetryQuery(input: Record<string, string>, ports: Ports) {
  const query = checked(TelemetryQuery, input);
  const agent = query.agent && agentCalled(query.agent, ports).id;
  return { ...ANY, ...query, agent };
}

const ANY = {
  range: undefined,
  org: undefined,
  agent: undefined,
  before: undefined,
  by: undefined,
};
