import { Hono, type Context } from "hono";
import type { HttpBindings } from "@hono/node-server";
import type { TreeHeadAnswer } from "../../agent/protocol/tree-head.js";
import { TokenBucket } from "../rate/token-bucket.js";
import { engagedAgent } from "./agent-routes.js";
import type { AgentApiPorts, LogPorts } from "./ports.js";
import { checked, problem } from "./problem.js";
import { HeadQuery } from "./shapes.js";

export type LogApiPorts = LogPorts &
  Pick<AgentApiPorts, "clock" | "gateway" | "engage" | "dropped">;

interface LogEnv {
  Bindings: HttpBindings;
}

/**
 * The log for whoever watches it, as C2SP tlog-tiles has it: `/v2/log/checkpoint`,
 * `/v2/log/tile/...`. Open to everybody: what leaves commit to is salted.
 */
export function logRoutes(ports: LogApiPorts): Hono<LogEnv> {
  const routes = new Hono<LogEnv>();
  routes.get("/head", (c) => head(c, ports));
  const bucket = new TokenBucket(STRANGERS, ports.clock);
  routes.use(async (_, next) => {
    if (!bucket.take()) {
      ports.dropped("log-too-fast");
      throw tooFast();
    }
    await next();
  });
  routes.get("/checkpoint", async (c) => {
    const { note } = await standing(0, ports);
    return c.body(note, 200, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "max-age=5",
    });
  });
  routes.get("/tile/:level/*", (c) => tile(c, ports));
  return routes;
}

/** For an agent that holds it against what it was shown before. */
async function head(c: Context<LogEnv>, ports: LogApiPorts) {
  engagedAgent(c, ports);
  const { from } = checked(HeadQuery, c.req.query());
  const { note, proof } = await standing(from, ports);
  const answer: TreeHeadAnswer = {
    checkpoint: note,
    proof: proof.map((hash) => Buffer.from(hash).toString("base64url")),
  };
  return c.json(answer);
}

async function standing(from: number, { keeper }: LogApiPorts) {
  const shown = await keeper.head(from);
  if (shown !== undefined) return shown;
  throw problem(404, "no-log", {
    ...{ field: "", value: undefined },
    message:
      "this cloud signs no log: its root has no role for it, or none has begun",
  });
}

async function tile(c: Context<LogEnv>, { tree }: LogApiPorts) {
  const asked = placeOf(c.req.path);
  if (asked === undefined) throw noTile(c);
  const { level, index, width } = asked;
  const found =
    level === "entries"
      ? await tree.ask({ ask: "bundle", index })
      : await tree.ask({ ask: "tile", level, index });
  if (found === undefined || found.length < width) throw noTile(c);
  const hashes = found.slice(0, width);
  const entries = hashes.flatMap((each) => [ENTRY_LENGTH, each]);
  const parts = level === "entries" ? entries : hashes;
  return c.body(Buffer.concat([...parts]), 200, {
    "content-type": "application/octet-stream",
    "cache-control": "public, max-age=31536000, immutable",
  });
}

/** `<level>/x001/x234/067` and, where it is not full, `.p/<width>`. */
function placeOf(path: string) {
  const found =
    /\/tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(
      path,
    );
  if (found === null) return undefined;
  const [, level = "", digits = "", width] = found;
  const isShort = !digits.startsWith("x000/");
  const index = Number(digits.replaceAll(/[x/]/g, ""));
  const wide = width === undefined ? FULL : Number(width);
  if (!isShort || wide > FULL || (width !== undefined && wide === FULL)) {
    return undefined;
  }
  return level === "entries"
    ? { level: "entries" as const, index, width: wide }
    : { level: Number(level), index, width: wide };
}

/** Hashes in a tile. */
const FULL = 256;

/** What an entry is: the 32 bytes that its leaf commits to. */
const ENTRY_LENGTH = Buffer.from([0, 32]);

/** Of all who are strangers, together: a witness takes some tiles an hour. */
const STRANGERS = { perSecond: 50, burst: 500 };

const noTile = (c: Context) =>
  problem(404, "no-tile", {
    ...{ field: "tile", value: c.req.path.slice(0, 100) },
    message: "the log has no such tile",
  });

const tooFast = () =>
  problem(429, "too-many-requests", {
    ...{ field: "", value: undefined },
    message:
      "the log is asked for more than it hands out; come back in a while",
  });
