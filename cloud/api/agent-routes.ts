import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { HttpBindings } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { FeedName } from "../../agent/model/position.js";
import { isOfVersion2 } from "../../agent/protocol/container.js";
import { EnrolmentRequest } from "../../agent/protocol/enrolment.js";
import { LeavingRequest } from "../../agent/protocol/leaving.js";
import { RekeyRequest } from "../../agent/protocol/rekey.js";
import { EXCHANGES_OF_ONE_AGENT } from "../door/budgets.js";
import { snapshotPath } from "../feeds/snapshots/snapshot-files.js";
import type { Live } from "../gateway/live.js";
import { hearLeaving } from "../registry/leaving.js";
import { rekey } from "../registry/rekeying.js";
import { parseByteRange, type ByteRange } from "./byte-range.js";
import type { AgentApiPorts } from "./ports.js";
import { ApiProblem, checked, checkedSecret, problem } from "./problem.js";
import { bearerOf, fromOf, jsonBody } from "./requests.js";
import { SegmentsQuery } from "./shapes.js";

interface AgentEnv {
  Bindings: HttpBindings;
}

type AgentContext = Context<AgentEnv>;

/** What agents fetch and send over HTTP. */
export function agentRoutes(ports: AgentApiPorts): Hono<AgentEnv> {
  const routes = new Hono<AgentEnv>();
  routes.get("/root", (c) => c.json(ports.signing.newest));
  routes.get("/roots/:version", (c) => rootOf(c, ports));
  routes.post("/enrol", bodyLimit({ maxSize: MOST_ENROLMENT }), async (c) => {
    const request = checkedSecret(EnrolmentRequest, await jsonBody(c));
    const from = fromOf(c, "public");
    return c.json(await ports.enrolment.enrol(request, from), 201);
  });
  routes.post("/rekey", async (c, next) => {
    engagedAgent(c, ports); // before anything of the body is read
    await next();
  });
  routes.post("/rekey", bodyLimit({ maxSize: MOST_ENROLMENT }), async (c) => {
    const request = checked(RekeyRequest, await jsonBody(c));
    const live = liveAgent(c, ports);
    const key = await rekey(live, request, ports);
    ports.gateway.dismiss(live.agent.id, "rekeyed");
    return c.json({ key });
  });
  routes.post("/leave", bodyLimit({ maxSize: MOST_ENROLMENT }), async (c) => {
    hearLeaving(checked(LeavingRequest, await jsonBody(c)), ports);
    return c.json({});
  });
  routes.get("/segments", (c) => segments(c, ports));
  routes.get("/snapshots/:sha256", (c) => snapshot(c, ports));
  return routes;
}

/** Open to everybody, as the keys that it lists are. */
function rootOf(c: AgentContext, { signing }: AgentApiPorts): Response {
  const version = c.req.param("version") ?? "";
  const text = /^[1-9]\d{0,8}$/.test(version)
    ? signing.text(Number(version))
    : undefined;
  if (text !== undefined) return c.json(text);
  throw problem(404, "no-root", {
    field: "version",
    value: version,
    message: "there is no root of this version",
  });
}

/** Bytes of an enrolment, or a new key; the door is open to everybody. */
const MOST_ENROLMENT = 8 * 1024;

/** Bytes of one answer; whoever needs more asks again. */
const MOST_SEGMENT_BYTES = 4 * 1024 * 1024;

function segments(c: AgentContext, ports: AgentApiPorts): Response {
  const agent = engagedAgent(c, ports);
  const { feed, epoch, from } = checked(SegmentsQuery, c.req.query());
  checkAudience(agent, feed);
  beginFetch(c, agent, feed);
  const offset = from - 1;
  checkAvailable({ feed, epoch, offset }, ports);
  const found = ports.index.segmentsAfter(
    { feed, epoch, offset },
    MOST_SEGMENT_BYTES,
  );
  if (found.some(({ bytes }) => isOfVersion2(bytes))) {
    if (!agent.capabilities.has("rings")) agent.following.meetsRings(feed);
    mustReadRings(agent);
  }
  const body = Buffer.concat(found.map(({ bytes }) => bytes));
  return c.body(body, 200, { "content-type": "application/octet-stream" });
}

/** @throws ApiProblem where the session's agent does not claim to read them */
function mustReadRings({ capabilities }: Live): void {
  if (capabilities.has("rings")) return;
  throw problem(409, "needs-rings", {
    field: "authorization",
    value: undefined,
    message: "it holds bans in rings, which this session cannot read",
  });
}

/** What an agent does not read lies in memory: one answer for each feed. */
function beginFetch(c: AgentContext, { fetching }: Live, feed: FeedName): void {
  if (fetching.has(feed)) {
    throw problem(429, "one-at-a-time", {
      field: "feed",
      value: feed,
      message: `segments of ${feed} are on their way to this agent already`,
    });
  }
  fetching.add(feed);
  c.env.outgoing.once("close", () => void fetching.delete(feed));
}

function checkAvailable(
  at: { feed: FeedName; epoch: string; offset: number },
  { index, clock }: AgentApiPorts,
): void {
  const { feed, epoch, offset } = at;
  const standing = index.standing(feed);
  if (standing?.epoch !== epoch) {
    throw problem(409, "wrong-epoch", {
      field: "epoch",
      value: epoch,
      message: `${feed} is at epoch ${standing?.epoch ?? "none"}`,
    });
  }
  if (offset === standing.offset) return;
  const next = index.segmentAfter(feed, epoch, offset);
  const from = offset + 1;
  if (next?.first !== from) {
    throw problem(409, "no-segment", {
      field: "from",
      value: from,
      message: `no segment of ${feed} begins at ${from}`,
    });
  }
  if (next.notAfter <= clock.now()) {
    throw problem(410, "expired", {
      field: "from",
      value: from,
      message: `the segment of ${feed} at ${from} is no longer good; ask for a plan`,
    });
  }
}

/** Immutable: the address is the content. */
async function snapshot(c: AgentContext, ports: AgentApiPorts) {
  const live = engagedAgent(c, ports);
  const sha256 = c.req.param("sha256") ?? "";
  const entry = ports.state.snapshots().find((each) => each.sha256 === sha256);
  if (entry === undefined) throw noSnapshot(sha256);
  checkAudience(live, entry.feed);
  if (entry.version === 2) mustReadRings(live);
  const headers = {
    etag: `"${sha256}"`,
    "cache-control": "private, max-age=31536000, immutable",
    "accept-ranges": "bytes",
    "content-type": "application/octet-stream",
  };
  const range = parseByteRange(c.req.header("range"), entry.bytes);
  if (range === "unsatisfiable") {
    const total = { "content-range": `bytes */${entry.bytes}` };
    return c.body(null, 416, { ...headers, ...total });
  }
  const all = { start: 0, end: entry.bytes - 1 };
  const place = range === "whole" ? all : range;
  const { start, end } = place;
  const length = { "content-length": String(end - start + 1) };
  const whole = { ...headers, ...length };
  // Of what HEAD asks nothing is read, and no file is opened.
  const body =
    c.req.method === "HEAD" ? null : await bytesOf(c, sha256, place, ports);
  if (range === "whole") return new Response(body, { headers: whole });
  const stretch = { "content-range": `bytes ${start}-${end}/${entry.bytes}` };
  return new Response(body, { status: 206, headers: { ...whole, ...stretch } });
}

/** A stretch of a snapshot's file, which is closed however the answer ends. */
async function bytesOf(
  c: AgentContext,
  sha256: string,
  place: ByteRange,
  ports: AgentApiPorts,
): Promise<ReadableStream<Uint8Array>> {
  const { outgoing } = c.env;
  const { id: agent, org } = liveAgent(c, ports).agent;
  const running = ports.downloads.begin({ agent, org }, () => {
    outgoing.destroy();
  });
  if (running === undefined) {
    ports.dropped("snapshots-too-many");
    const message = "snapshots are on their way to this agent or org already";
    const more = { field: "sha256", value: undefined, message };
    throw problem(429, "too-many-requests", more);
  }
  outgoing.once("close", () => running[Symbol.dispose]());
  const path = snapshotPath(ports.snapshotFolder, sha256);
  const file = await open(path).catch(() => undefined);
  if (file === undefined) throw noSnapshot(sha256);
  const read = file.createReadStream({ start: place.start, end: place.end });
  outgoing.once("close", () => read.destroy());
  if (outgoing.closed || outgoing.destroyed) read.destroy();
  return Readable.toWeb(read) as ReadableStream<Uint8Array>;
}

const noSnapshot = (sha256: string): ApiProblem =>
  problem(404, "no-snapshot", {
    field: "sha256",
    value: sha256,
    message: "there is no such snapshot any more; ask for a plan",
  });

/** As `liveAgent`; until the answer is out, the connection works for it. */
export function engagedAgent(
  c: AgentContext,
  ports: Pick<AgentApiPorts, "gateway" | "engage" | "dropped">,
): Live {
  const live = liveAgent(c, ports);
  if (live.exchanges.size >= EXCHANGES_OF_ONE_AGENT) {
    ports.dropped("requests-too-many");
    const message = "this agent has too many requests on their way already";
    const more = { field: "", value: undefined, message };
    throw problem(429, "too-many-requests", more);
  }
  const { incoming, outgoing } = c.env;
  const engaged = ports.engage(incoming.socket);
  live.exchanges.add(outgoing);
  outgoing.once("close", () => {
    live.exchanges.delete(outgoing);
    engaged[Symbol.dispose]();
  });
  return live;
}

/** Whoever holds the secret of a live session. */
function liveAgent(
  c: Context,
  { gateway }: Pick<AgentApiPorts, "gateway">,
): Live {
  const live = gateway.find(bearerOf(c));
  if (live !== undefined) return live;
  throw new ApiProblem(401, "unauthenticated", [
    {
      field: "authorization",
      value: undefined,
      message: "the bearer token is of no live session",
    },
  ]);
}

function checkAudience({ agent, following }: Live, feed: FeedName): void {
  if (following.has(feed)) return;
  throw problem(403, "wrong-audience", {
    field: "feed",
    value: feed,
    message: `${feed} is not for ${agent.id}`,
  });
}
