import { Hono } from "hono";
import {
  covers,
  formatCidr,
  parseCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import { unixSeconds } from "../../agent/runtime/clock.js";
import type { Decision, Terms } from "../decide/deeds.js";
import { orgOf } from "../feeds/audience.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import { namedReaders } from "../roots/readers.js";
import { readRemote } from "../telemetry/remote.js";
import type { OperatorApiPorts } from "./ports.js";
import { checked, problem, unknown } from "./problem.js";
import { jsonBody, type OperatorEnv } from "./requests.js";
import { BanOrder, BansQuery, ImpactOrder, LiftOrder } from "./shapes.js";

/** Bans, lifts, and what became of them. */
export function decisionRoutes(ports: OperatorApiPorts): Hono<OperatorEnv> {
  const routes = new Hono<OperatorEnv>();
  orderRoutes(routes, ports);
  routes.get("/bans", async (c) => c.json(await listed(c.req.query(), ports)));
  routes.get("/decisions/:id", async (c) =>
    c.json(await explained(c.req.param("id"), ports)),
  );
  return routes;
}

function orderRoutes(routes: Hono<OperatorEnv>, ports: OperatorApiPorts): void {
  const { bans, lifts, impact } = ports;
  routes.post("/bans", async (c) => {
    const order = checked(BanOrder, await jsonBody(c));
    const feed = knownFeed(order.feed, ports);
    const mandate = { feed, by: c.get("operator") };
    const { replace, dryRun } = order;
    const manner = { replace, dryRun };
    if (order.rings !== undefined) mustReadRings(feed, ports);
    const { decision, effects, rings } = await bans.ban(
      mandate,
      rangesOf(order),
      { ...termsOf(order), waits: order.rings },
      manner,
    );
    const unapproved = effects.filter(({ held }) => held === WIDE).length;
    const placed = placeOf(decision, feed, ports);
    return c.json(
      { ...placed, unapproved, dryRun, effects, rings: rings ?? null },
      statusOf(decision),
    );
  });
  routes.post("/lifts", async (c) => {
    const order = checked(LiftOrder, await jsonBody(c));
    const { reason, within, dryRun, allFeeds } = order;
    const feed = knownFeed(order.feed, ports);
    const feeds = allFeeds
      ? ports.index.standings().map((each) => each.feed)
      : [feed];
    const wish = { by: c.get("operator"), reason, within, dryRun, feeds };
    const { decisions, effects } = await lifts.lift({
      ...wish,
      ranges: rangesOf(order),
    });
    const [first] = decisions;
    const placed = placeOf(first, feed, ports);
    return c.json(
      { ...placed, decisions, dryRun, allFeeds, effects },
      statusOf(first),
    );
  });
  routes.post("/impact", async (c) => {
    const order = checked(ImpactOrder, await jsonBody(c));
    const feed = knownFeed(order.feed, ports);
    return c.json(await impact.ask(feed, order.ranges));
  });
}

/** @throws ApiProblem while agents follow the feed that can't read ring times */
function mustReadRings(
  feed: FeedName,
  { registry }: Pick<OperatorApiPorts, "registry">,
): void {
  const readers = registry.readersOfV1Only(orgOf(feed));
  if (readers.length === 0) return;
  throw problem(409, "read-by-version-1", {
    field: "rings",
    value: readers.length,
    message: `rings: these agents follow ${feed} and read only version 1 of the protocol: ${namedReaders(readers)}; upgrade, revoke or forget them first`,
  });
}

/** The guard's rule that waits for an approval. */
export const WIDE = "needs-approval";

/** Whether something was made. */
export const statusOf = (decision: Decision | undefined): 200 | 201 =>
  decision === undefined ? 200 : 201;

/** Where nothing was decided, the feed stands where it stood. */
export function placeOf(
  decision: Decision | undefined,
  feed: FeedName,
  { index }: OperatorApiPorts,
) {
  if (decision !== undefined) return decision;
  const { epoch, offset } = index.standing(feed) ?? { epoch: "", offset: 0 };
  return { decision: null, feed, epoch, offset, decidedAt: null };
}

async function listed(input: Record<string, string>, ports: OperatorApiPorts) {
  const { feed, range, limit, cursor: from } = checked(BansQuery, input);
  if (feed !== undefined) knownFeed(feed, ports);
  const now = unixSeconds(ports.clock.now());
  const query = { feed, range, limit, from, now };
  const { bans, total, next } = await ports.state.bans(query);
  const cursor = next ? `${next.feed} ${formatCidr(next.cidr)}` : null;
  return { bans: bans.map(shown), total, cursor };
}

const shown = ({ cidr, expiresAt, rings, ...ban }: StandingBan) => ({
  range: formatCidr(cidr),
  ...ban,
  until: expiresAt,
  rings: rings ?? null,
});

/** A decision, what a rule decided it on, and what became of it on each host. */
async function explained(id: string, ports: OperatorApiPorts) {
  const { decisionLog, outcomes, telemetry } = ports;
  const decision = decisionLog.decision(id);
  if (decision === undefined) {
    throw unknown("decision", id, `there is no decision ${id}`);
  }
  const seen = decision.evidence.flatMap((seq) => telemetry.broughtBy(seq));
  const targets = decision.targets.map(parseCidr);
  const detections = seen.filter(({ source }) => {
    const remote = readRemote(source);
    return remote && targets.some((target) => covers(target, remote));
  });
  const hosts = await outcomes.of(decision);
  return { decision, detections, hosts };
}

export function termsOf(order: {
  readonly for: number | undefined;
  readonly reason: string;
  readonly observe: boolean;
}): Terms {
  const { for: forSeconds, reason, observe: observed } = order;
  return { forSeconds, reason, observed };
}

/** @throws ApiProblem when there is no such feed */
export function knownFeed(
  feed: FeedName,
  { index }: Pick<OperatorApiPorts, "index">,
): FeedName {
  if (index.standing(feed) !== undefined) return feed;
  throw unknown("feed", feed, `there is no feed ${feed}`);
}

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
