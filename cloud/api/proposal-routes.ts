import { Hono } from "hono";
import { parseCidr } from "../../agent/model/cidr.js";
import { NotOpen, type Proposal } from "../decide/proposals.js";
import type { OperatorApiPorts } from "./ports.js";
import { checked, problem } from "./problem.js";
import { jsonBody, type OperatorEnv } from "./requests.js";
import { ProposalsQuery, RefuseOrder, ReleaseOrder } from "./shapes.js";

/** What rules put before a person, and how they stand themselves. */
export function proposalRoutes(ports: OperatorApiPorts): Hono<OperatorEnv> {
  const { proposals, correlator, decisionLog } = ports;
  const routes = new Hono<OperatorEnv>();
  routes.get("/proposals", (c) => {
    const query = checked(ProposalsQuery, c.req.query());
    return c.json({ proposals: proposals.list(query) });
  });
  routes.get("/rules", (c) => {
    const alarms = decisionLog.alarms();
    return c.json({ ...correlator.status(), alarms });
  });
  routes.post("/proposals/:id/release", async (c) => {
    const order = checked(ReleaseOrder, await jsonBody(c));
    const id = c.req.param("id");
    const decision = await whileOpen(id, ports, (proposal) =>
      release(proposal, { ...order, by: c.get("operator") }, ports),
    );
    return c.json({ proposal: id, ...decision }, 201);
  });
  routes.post("/proposals/:id/refuse", async (c) => {
    const { reason } = checked(RefuseOrder, await jsonBody(c));
    const proposal = c.req.param("id");
    const by = c.get("operator");
    await whileOpen(proposal, ports, () =>
      proposals.settle({ proposal, verdict: "refused", by, reason }),
    );
    return c.json({ proposal });
  });
  return routes;
}

/**
 * The ban is the operator's, on the rule's evidence; none is made where somebody
 * has banned it for as long meanwhile.
 */
async function release(
  { id, attacker, reason: seen, evidence }: Proposal,
  order: {
    readonly by: string;
    readonly for: number | undefined;
    readonly reason: string;
  },
  { bans, proposals }: OperatorApiPorts,
) {
  const { by, for: forSeconds, reason } = order;
  const mandate = { feed: "urgent", by, evidence } as const;
  const terms = { forSeconds, reason: seen, observed: false };
  const manner = { replace: false, dryRun: false };
  const ranges = [parseCidr(attacker)];
  const { decision: made } = await bans.ban(mandate, ranges, terms, manner);
  const settled = { proposal: id, verdict: "released", by, reason } as const;
  await proposals.settle({
    ...settled,
    ...(made && { decision: made.decision }),
  });
  return made ?? { decision: null };
}

/** Nobody else decides on it meanwhile. */
async function whileOpen<T>(
  id: string,
  { proposals }: OperatorApiPorts,
  act: (proposal: Proposal) => Promise<T>,
): Promise<T> {
  try {
    using open = proposals.take(id);
    return await act(open.proposal);
  } catch (error) {
    if (!(error instanceof NotOpen)) throw error;
    const { message } = error;
    throw problem(409, "not-open", { field: "id", value: id, message });
  }
}
