import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { hashToHex } from "../../agent/model/position.js";
import type { Caller } from "../operators/caller.js";
import { includes } from "../operators/roles.js";
import { answersQuery, receiptsQuery } from "./answer-queries.js";
import type { OperatorApiPorts } from "./ports.js";
import { ApiProblem, problem } from "./problem.js";
import { proposalRoutes } from "./proposal-routes.js";
import { bearerCaller, type DoorName, type OperatorEnv } from "./requests.js";
import { telemetryRoutes } from "./telemetry-routes.js";

/** What operators do, each with their own bearer token. */
export function operatorRoutes(
  ports: OperatorApiPorts,
  door: DoorName,
): Hono<OperatorEnv> {
  const routes = new Hono<OperatorEnv>();
  routes.use(async (c, next) => {
    const caller = callerOf(c, ports, door);
    mustBeVendors(caller, c.req.method);
    c.set("caller", caller);
    c.set("operator", caller.name);
    const engaged = ports.engage(c.env.incoming.socket);
    c.env.outgoing.once("close", () => engaged[Symbol.dispose]());
    await next();
  });
  routes.use(bodyLimit({ maxSize: MOST_BODY_BYTES }));
  answerRoutes(routes, ports);
  routes.route("/", telemetryRoutes(ports));
  routes.route("/", proposalRoutes(ports));
  return routes;
}

/** Ten thousand ranges, and then some. */
const MOST_BODY_BYTES = 1024 * 1024;

function answerRoutes(
  routes: Hono<OperatorEnv>,
  ports: OperatorApiPorts,
): void {
  const { receipts, index, state } = ports;
  routes.get("/receipts", (c) => {
    const query = receiptsQuery(c.req.query(), ports);
    const found = query.newest
      ? receipts.newestReceipts(query)
      : receipts.receipts(query);
    return c.json({ receipts: found, total: receipts.count(query) });
  });
  routes.get("/refusals", (c) => {
    const query = answersQuery(c.req.query(), ports);
    return c.json({ refusals: receipts.refusals(query) });
  });
  routes.get("/divergences", (c) => {
    const query = answersQuery(c.req.query(), ports);
    return c.json({ divergences: receipts.divergences(query) });
  });
  routes.get("/feeds", async (c) => {
    const counts = await state.counts();
    const feeds = index.standings().map(({ feed, epoch, offset, hash }) => ({
      feed,
      epoch,
      offset,
      hash: hashToHex(hash),
      ...(counts[feed] ?? { bans: 0, observed: 0 }),
    }));
    return c.json({ feeds });
  });
}

function callerOf(
  c: Context<OperatorEnv>,
  { operators }: OperatorApiPorts,
  door: DoorName,
): Caller {
  const caller = bearerCaller(c, operators, door);
  if (caller !== undefined) return caller;
  throw new ApiProblem(401, "unauthenticated", [
    {
      field: "authorization",
      value: undefined,
      message: "the bearer token is no operator's",
    },
  ]);
}

/** These routes know no orgs: they show all there is, and change all there is. */
function mustBeVendors({ name, role, org }: Caller, method: string): void {
  const least = method === "GET" ? "viewer" : "admin";
  if (org === null && includes(role, least)) return;
  throw problem(403, "not-allowed", {
    field: "authorization",
    value: name,
    message: `${name} may not do this here: it is for each ${least} of the vendor`,
  });
}
