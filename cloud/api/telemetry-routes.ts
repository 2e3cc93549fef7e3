import { Hono } from "hono";
import type { OperatorApiPorts } from "./ports.js";
import { checked } from "./problem.js";
import { DecisionsQuery, TelemetryQuery } from "./shapes.js";

/** What agents saw, and what was decided on it; for operators. */
export function telemetryRoutes({
  telemetry,
  decisionLog,
}: Pick<OperatorApiPorts, "telemetry" | "decisionLog">): Hono {
  const routes = new Hono();
  routes.get("/detections", (c) => {
    const query = checked(TelemetryQuery, c.req.query());
    return c.json({ detections: telemetry.detections({ ...ANY, ...query }) });
  });
  routes.get("/sightings", (c) => {
    const query = checked(TelemetryQuery, c.req.query());
    const sightings = telemetry.sightings({ ...ANY, ...query });
    return c.json({ sightings, totals: telemetry.totals() });
  });
  routes.get("/contacts", (c) => {
    const query = checked(TelemetryQuery, c.req.query());
    return c.json({ contacts: telemetry.contacts({ ...ANY, ...query }) });
  });
  routes.get("/decisions", (c) => {
    const query = checked(DecisionsQuery, c.req.query());
    return c.json({ decisions: decisionLog.decisions({ ...ANY, ...query }) });
  });
  return routes;
}

const ANY = {
  range: undefined,
  org: undefined,
  agent: undefined,
  before: undefined,
  by: undefined,
};
