import { Hono } from "hono";
import { agentCalled } from "./agent-names.js";
import type { OperatorApiPorts } from "./ports.js";
import { ApiProblem, checked } from "./problem.js";
import { StatementsQuery } from "./shapes.js";

type Ports = Pick<OperatorApiPorts, "statements" | "decisionLog" | "registry">;

/** What agents saw, and what was decided on it; for operators. */
export function telemetryRoutes(ports: Ports): Hono {
  const routes = new Hono();
  routes.get("/statements", (c) => {
    const query = statementsQuery(c.req.query(), ports);
    return c.json({ statements: ports.statements.statements(query) });
  });
  return routes;
}

/** Which statements; of a decision, those on how its trials ended. */
function statementsQuery(input: Record<string, string>, ports: Ports) {
  const { decision, ...query } = checked(StatementsQuery, input);
  const agent = query.agent && agentCalled(query.agent, ports).id;
  const place = decision === undefined ? undefined : placeOf(decision, ports);
  return { before: undefined, ...query, agent, place };
}

function placeOf(id: string, { decisionLog }: Ports) {
  const decision = decisionLog.decision(id);
  const { epoch = null, first = null, last = null } = decision ?? {};
  if (!decision || epoch === null || first === null || last === null) {
    const message = `no decision ${id} was carried out`;
    const problem = { field: "decision", value: id, message };
    throw new ApiProblem(404, "unknown-decision", [problem]);
  }
  return { feed: decision.feed, epoch, first, last };
}
