import { Readable } from "node:stream";
import { Hono, type Context } from "hono";
import { hashFromHex } from "../../agent/model/position.js";
import { CarriedReceipts } from "../../agent/protocol/carried.js";
import type { BundleOrder as Order } from "../carry/bundles.js";
import { takeReceipts } from "../carry/carried-receipts.js";
import { agentCalled } from "./agent-names.js";
import type { OperatorApiPorts } from "./ports.js";
import { checked, problem, unknown } from "./problem.js";
import { jsonBody, type OperatorEnv } from "./requests.js";
import { BundleOrder } from "./shapes.js";

/** What is carried to hosts without a network by hand, and back from them. */
export function carryRoutes(ports: OperatorApiPorts): Hono<OperatorEnv> {
  const routes = new Hono<OperatorEnv>();
  routes.post("/bundles", async (c) => bundle(c, ports));
  routes.post("/carried-receipts", async (c) => {
    const carried = checked(CarriedReceipts, await jsonBody(c));
    const receipts = takeReceipts(carried, ports);
    const [agent, by] = [carried.agent, c.get("operator")];
    const fates = receipts.map(({ fate }) => fate);
    ports.log.info("receipts were carried here", { agent, fates, by });
    return c.json({ agent, receipts });
  });
  return routes;
}

/** Streamed: of a snapshot never more than a piece is in memory. */
async function bundle(
  c: Context<OperatorEnv>,
  ports: OperatorApiPorts,
): Promise<Response> {
  const order = orderOf(checked(BundleOrder, await jsonBody(c)), ports);
  const made = await ports.bundles.begin(order);
  const { org, agent } = order;
  ports.log.info("a bundle is made", { org, agent, by: c.get("operator") });
  const { outgoing } = c.env;
  const over = () => void made[Symbol.asyncDispose]();
  if (outgoing.closed || outgoing.destroyed) over();
  else outgoing.once("close", over);
  const body = Readable.toWeb(Readable.from(made.chunks));
  const headers = { "content-type": "application/octet-stream" };
  return new Response(body as ReadableStream<Uint8Array>, { headers });
}

type Asked = ReturnType<typeof checked<typeof BundleOrder>>;

/** @throws ApiProblem that says whom it could be for */
function orderOf(asked: Asked, ports: OperatorApiPorts): Order {
  const since = asked.since?.map(({ hash, ...at }) => ({
    ...{ ...at, hash: hashFromHex(hash) },
  }));
  if (asked.agent === undefined) return { org: orgOf(asked, ports), since };
  const { id, org, hostname, revokedAt } = agentCalled(asked.agent, ports);
  if (asked.org !== undefined && asked.org !== org) {
    throw wrong("org", asked.org, `${id} (${hostname}) is of ${org}`);
  }
  if (revokedAt !== null) {
    throw wrong("agent", asked.agent, `${id} (${hostname}) was revoked`);
  }
  return { org, agent: id, since };
}

function orgOf({ org }: Asked, { registry }: OperatorApiPorts): string {
  const known = registry.orgs();
  if (org !== undefined) {
    if (registry.org(org) !== undefined) return org;
    throw unknown("org", org, `there is no org ${org}`);
  }
  const [only, ...others] = known;
  if (only !== undefined && others.length === 0) return only.id;
  const message = `there are ${known.length} orgs: name one, or an agent`;
  throw problem(400, "invalid", { field: "org", value: undefined, message });
}

const wrong = (field: string, value: string, message: string) =>
  problem(409, "conflict", { field, value, message });
