import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ORG_ID, type FeedName } from "../../agent/model/position.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { Terms } from "../decide/decisions.js";
import { SignedText } from "../../agent/protocol/signed-text.js";
import { feedBegun } from "../feeds/feeds.js";
import { newId } from "../registry/secrets.js";
import { identityRoutes } from "./identity-routes.js";
import { importList } from "./import-route.js";
import type { OperatorApiPorts } from "./ports.js";
import { ApiProblem, checked, problem } from "./problem.js";
import { bearerOf, jsonBody, type OperatorEnv } from "./requests.js";
import { proposalRoutes } from "./proposal-routes.js";
import { telemetryRoutes } from "./telemetry-routes.js";
import {
  AnswersQuery,
  BanOrder,
  ImpactOrder,
  LiftOrder,
  OrgOrder,
  TokenOrder,
} from "./shapes.js";

/** What operators do, each with their own bearer token. */
export function operatorRoutes(ports: OperatorApiPorts): Hono<OperatorEnv> {
  const routes = new Hono<OperatorEnv>();
  routes.use(async (c, next) => {
    c.set("operator", operatorOf(c, ports));
    const engaged = ports.engage(c.env.incoming.socket);
    c.env.outgoing.once("close", () => engaged[Symbol.dispose]());
    await next();
  });
  routes.post("/imports", (c) =>
    importList(c, ports, (feed) => knownFeed(feed, ports)),
  );
  routes.use(bodyLimit({ maxSize: MOST_BODY_BYTES }));
  routes.get("/status", (c) => c.json(ports.status()));
  registryRoutes(routes, ports);
  decisionRoutes(routes, ports);
  answerRoutes(routes, ports);
  rootRoutes(routes, ports);
  routes.route("/", identityRoutes(ports));
  approvalRoutes(routes, ports);
  routes.route("/", telemetryRoutes(ports));
  routes.route("/", proposalRoutes(ports));
  return routes;
}

/** Ten thousand ranges, and then some. */
const MOST_BODY_BYTES = 1024 * 1024;

function registryRoutes(
  routes: Hono<OperatorEnv>,
  ports: OperatorApiPorts,
): void {
  const { registry } = ports;
  routes.get("/orgs", (c) => c.json({ orgs: registry.orgs() }));
  routes.post("/orgs", async (c) =>
    c.json(addOrg(await jsonBody(c), ports), 201),
  );
  routes.post("/tokens", async (c) => {
    const order = checked(TokenOrder, await jsonBody(c));
    return c.json(makeToken(order, c.get("operator"), ports), 201);
  });
}

function decisionRoutes(
  routes: Hono<OperatorEnv>,
  ports: OperatorApiPorts,
): void {
  const { decisions, impact, approvals } = ports;
  routes.post("/bans", async (c) => {
    const order = checked(BanOrder, await jsonBody(c));
    const feed = knownFeed(order.feed, ports);
    const mandate = { feed, by: c.get("operator") };
    const ranges = rangesOf(order);
    const counter = approvals.counter(feed);
    for (const cidr of ranges) counter.see(cidr);
    const decision = await decisions.ban(mandate, ranges, termsOf(order));
    return c.json({ ...decision, unapproved: counter.count }, 201);
  });
  routes.post("/lifts", async (c) => {
    const order = checked(LiftOrder, await jsonBody(c));
    const feed = knownFeed(order.feed, ports);
    const mandate = { feed, by: c.get("operator") };
    return c.json(await decisions.lift(mandate, rangesOf(order)), 201);
  });
  routes.post("/impact", async (c) => {
    const order = checked(ImpactOrder, await jsonBody(c));
    const feed = knownFeed(order.feed, ports);
    return c.json(await impact.ask(feed, order.ranges));
  });
}

function answerRoutes(
  routes: Hono<OperatorEnv>,
  { receipts, index, state }: OperatorApiPorts,
): void {
  routes.get("/receipts", (c) => {
    const query = checked(AnswersQuery, c.req.query());
    return c.json({ receipts: receipts.receipts({ ...ANY, ...query }) });
  });
  routes.get("/refusals", (c) => {
    const query = checked(AnswersQuery, c.req.query());
    return c.json({ refusals: receipts.refusals({ ...ANY, ...query }) });
  });
  routes.get("/divergences", (c) => {
    const query = checked(AnswersQuery, c.req.query());
    return c.json({ divergences: receipts.divergences({ ...ANY, ...query }) });
  });
  routes.get("/feeds", async (c) => {
    const counts = await state.counts();
    const feeds = index.standings().map(({ feed, epoch, offset, hash }) => ({
      feed,
      epoch,
      offset,
      hash: Buffer.from(hash).toString("hex"),
      ...(counts[feed] ?? { bans: 0, observed: 0 }),
    }));
    return c.json({ feeds });
  });
}

/** Whoever brings the next root need not be trusted: its signatures are. */
function rootRoutes(
  routes: Hono<OperatorEnv>,
  { signing, clock, log }: OperatorApiPorts,
): void {
  routes.post("/roots", async (c) => {
    const text = checked(SignedText, await jsonBody(c));
    const { version } = signing.publish(text, clock.now());
    log.info("a new root is in force", { version, by: c.get("operator") });
    return c.json({ version }, 201);
  });
}

function approvalRoutes(
  routes: Hono<OperatorEnv>,
  { approvals, log }: OperatorApiPorts,
): void {
  routes.get("/approvals", (c) => c.json({ approvals: approvals.all() }));
  routes.post("/approvals", async (c) => {
    const text = checked(SignedText, await jsonBody(c));
    const by = c.get("operator");
    const { feed, version } = approvals.publish(text, by);
    log.info("a new approval counts", { feed, version, by });
    return c.json({ feed, version }, 201);
  });
}

const ANY = {
  agent: undefined,
  feed: undefined,
  epoch: undefined,
  offset: undefined,
};

function addOrg(body: unknown, { registry, journal }: OperatorApiPorts) {
  const { id, name } = checked(OrgOrder, body);
  const org = id ?? idFrom(name);
  if (registry.org(org) !== undefined) {
    throw problem(409, "exists", {
      field: "id",
      value: org,
      message: `there is an org ${org} already`,
    });
  }
  journal.append([{ kind: "org-added", org, name }, feedBegun(`org/${org}`)]);
  return { id: org, name };
}

/** "Example Hosting Ltd." becomes "example-hosting-ltd". */
function idFrom(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 32);
  return ORG_ID.test(id) ? id : newId("org");
}

function makeToken(
  order: { readonly org: string; readonly expiresIn: number | undefined },
  by: string,
  { registry, enrolment, clock, publicUrl }: OperatorApiPorts,
) {
  const { org, expiresIn } = order;
  if (registry.org(org) === undefined) {
    throw unknown("org", org, `there is no org ${org}`);
  }
  if (expiresIn === undefined) {
    throw problem(400, "invalid", {
      field: "expiresIn",
      value: "permanent",
      message: "expiresIn: an enrolment token has to expire",
    });
  }
  const expiresAt = clock.now() + expiresIn * 1000;
  const token = enrolment.makeToken({ org, expiresAt, by, url: publicUrl() });
  return { token, org, expiresAt };
}

function operatorOf(c: Context, { registry }: OperatorApiPorts): string {
  const operator = registry.operator(bearerOf(c));
  if (operator !== undefined) return operator.name;
  throw new ApiProblem(401, "unauthenticated", [
    {
      field: "authorization",
      value: undefined,
      message: "the bearer token is no operator's",
    },
  ]);
}

function termsOf(order: {
  readonly for: number | undefined;
  readonly reason: string;
  readonly observe: boolean;
}): Terms {
  const { for: forSeconds, reason, observe: observed } = order;
  return { forSeconds, reason, observed };
}

function knownFeed(feed: FeedName, { index }: OperatorApiPorts): FeedName {
  if (index.standing(feed) !== undefined) return feed;
  throw unknown("feed", feed, `there is no feed ${feed}`);
}

const unknown = (field: string, value: string, message: string) =>
  problem(404, "unknown", { field, value, message });

function rangesOf(order: {
  range?: Cidr | undefined;
  ranges?: Cidr[] | undefined;
}): readonly Cidr[] {
  const { range, ranges = [] } = order;
  const all = range === undefined ? ranges : [range, ...ranges];
  if (all.length > 0) return all;
  throw problem(400, "invalid", {
    field: "range",
    value: undefined,
    message: "range: a range, or several as ranges, is needed",
  });
}
