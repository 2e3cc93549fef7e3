import { chmodSync, statSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { dirname } from "node:path";
import { Mutex } from "../../agent/runtime/mutex.js";
import { answerTo, type Asked } from "./questions.js";
import { READERS, readersSocket } from "./readers-socket.js";
import { Reply, wrong, type Answer } from "./reply.js";
import type { ControlOptions } from "./server.js";
import { listen, removeStale } from "./socket.js";

/**
 * Answers questions of whoever may only look, over a socket that one group may
 * open: no orders, nobody's name who gave some, no keys, and nothing of what this
 * host's processes do or its logs say. Undefined where the socket's folder is not
 * there: it is made by who installs, with the group that it is for.
 */
export async function startReadersServer(
  ports: ControlOptions,
): Promise<AsyncDisposable | undefined> {
  const path = readersSocket(ports.socketPath);
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder?.isDirectory() !== true) return undefined;
  await removeStale(path);
  const { agent, clock, version, refused } = ports;
  const contacts = () => NOBODY;
  const known = { agent, clock, version, ...(refused && { refused }) };
  const asked = { ...known, contacts, oneByOne: new Mutex() };
  const turns = new Mutex();
  const terms = { requestTimeout: LONGEST_REQUEST_MS };
  const server = createServer(terms, (request, response) => {
    const reply = new Reply(request, response);
    void reply.with(turns.run(() => answer(asked, request)));
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.maxRequestsPerSocket = 1;
  await listen(server, path);
  chmodSync(path, 0o660);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(asked: Asked, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://readers");
  if (request.method !== "GET") {
    return wrong(403, `${ONLY_LOOK}; orders are root's: run it with sudo`);
  }
  if (!OPEN.has(url.pathname)) {
    return wrong(403, `${ONLY_LOOK}, and not at this: run it with sudo`);
  }
  if (url.searchParams.has("out")) {
    return wrong(
      403,
      `${ONLY_LOOK}, and not at which process calls: run it with sudo`,
    );
  }
  return answerTo(asked, url);
}

const ONLY_LOOK = `members of group ${READERS} may only look`;

const OPEN: ReadonlySet<string> = new Set([
  "/v1/status",
  "/v1/bans",
  "/v1/bans/count",
  "/v1/unkept",
  "/v1/hits",
  "/v1/totals",
  "/v1/why",
  "/v1/history",
  "/v1/releases",
]);

/** What is told of processes to who may not know. */
const NOBODY = { latest: [], forgotten: 0, lost: 0 };

/** Beyond these, connections are closed as they come. */
const MOST_CONNECTIONS = 8;
const LONGEST_REQUEST_MS = 10_000;
