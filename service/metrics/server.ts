import { chmodSync, mkdirSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { isIP } from "node:net";
import { dirname } from "node:path";
import type { Listening } from "../../agent/config/metrics.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { failed } from "../../agent/text/failure.js";
import { listen, removeStale } from "../control/socket.js";
import { contentTypes, exposition, type Family } from "./exposition.js";

export interface MetricsPorts {
  /** Of a unix socket that the agent's group may open; undefined for none. */
  readonly socketPath: string | undefined;
  /** On loopback; undefined for none. */
  readonly address: Listening | undefined;
  readonly measure: () => Promise<readonly Family[]>;
  readonly clock: Pick<Clock, "monotonic">;
}

/** More scrapers than these at once are turned away. */
const MOST_CONNECTIONS = 16;

/** However many ask, the agent is looked at once in this time. */
const FRESH_MS = 1_000;

/**
 * Answers scrapers, with numbers alone: nothing can be ordered here.
 * @throws Failure when it can't listen where it should
 */
export async function startMetricsServer(
  ports: MetricsPorts,
): Promise<AsyncDisposable> {
  const { socketPath, address } = ports;
  const latest = remembering(ports);
  await using opened = new Lifetime();
  if (socketPath !== undefined) {
    mkdirSync(dirname(socketPath), { recursive: true, mode: 0o750 });
    await removeStale(socketPath);
    const server = opened.own(serve(latest, () => true));
    await listen(server.http, socketPath);
    chmodSync(socketPath, 0o660);
  }
  if (address !== undefined) {
    const server = opened.own(serve(latest, isOnLoopback));
    await listenOn(server.http, address);
  }
  return opened.release();
}

/** Those who ask at once get the same, and so do those who ask right after. */
function remembering({
  measure,
  clock,
}: MetricsPorts): () => Promise<readonly Family[]> {
  const known: { at: number; families?: Promise<readonly Family[]> } = {
    at: 0,
  };
  return () => {
    const now = clock.monotonic();
    if (known.families === undefined || now - known.at >= FRESH_MS) {
      known.at = now;
      known.families = measure();
      known.families.catch(() => delete known.families);
    }
    return known.families;
  };
}

interface Serving extends AsyncDisposable {
  readonly http: Server;
}

function serve(
  latest: () => Promise<readonly Family[]>,
  mayAsk: (request: IncomingMessage) => boolean,
): Serving {
  const http = createServer(
    { requestTimeout: 10_000, keepAliveTimeout: 65_000 },
    (request, response) => void answer(request, response),
  );
  http.maxConnections = MOST_CONNECTIONS;

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const wrong = wrongWith(request, mayAsk);
    if (wrong !== undefined) {
      refuse(response, ...wrong);
      return;
    }
    try {
      const families = await latest();
      const dialect = dialectOf(request.headers.accept);
      response.setHeader("content-type", contentTypes[dialect]);
      response.end(exposition(families, dialect));
    } catch {
      refuse(response, 503, "the agent can't be looked at now");
    }
  }

  return {
    http,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

/** A status, and why. */
type Refusal = readonly [status: number, why: string];

function wrongWith(
  request: IncomingMessage,
  mayAsk: (request: IncomingMessage) => boolean,
): Refusal | undefined {
  if (!mayAsk(request)) return [403, "ask by an address"];
  if (request.method !== "GET") return [405, "only GET is understood"];
  const [path] = request.url?.split("?") ?? [];
  return path === "/metrics" ? undefined : [404, "there is only /metrics"];
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "content-type": "text/plain" });
  response.end(`${why}\n`);
}

/** Who knows no OpenMetrics says so by what he accepts. */
const dialectOf = (accept = "*/*") =>
  accept.includes("openmetrics") || accept.includes("*/*")
    ? "openmetrics"
    : "text";

/** A page in a browser reaches loopback by a name of its own; a scraper names it. */
function isOnLoopback({ headers: { host = "" } }: IncomingMessage): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || isIP(name) !== 0;
}

function listenOn(server: Server, { host, port }: Listening): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on("error", (error) =>
      reject(
        failed(`cannot listen on ${host}:${port}: ${error.message}`, error),
      ),
    );
    server.listen({ host, port }, resolve);
  });
}
