import { once } from "node:events";
import { chmodSync, closeSync, openSync, rmSync } from "node:fs";
import http from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { MOST_OPERATORS } from "./budgets.js";

/** The socket at which a cloud's operators are heard on its own machine. */
export const operatorsSocket = (dir: string): string =>
  join(dir, "operators.sock");

/**
 * A door that only who may open the cloud's folder can come to: strangers at the
 * public one neither see it nor fill it.
 * @throws what the system says, when the socket cannot be made
 */
export async function openOperatorsDoor(
  dir: string,
  listener: http.RequestListener,
): Promise<AsyncDisposable & { readonly http: http.Server }> {
  const socket = shortened(dir);
  const server = http.createServer(listener);
  server.maxConnections = MOST_OPERATORS;
  try {
    rmSync(socket.path, { force: true });
    server.listen(socket.path);
    await once(server, "listening");
    chmodSync(socket.path, 0o600);
  } catch (error) {
    server.close();
    socket[Symbol.dispose]();
    throw error;
  }
  return {
    http: server,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      socket[Symbol.dispose]();
    },
  };
}

/** Whether a cloud answers at its folder's own door. */
export async function isOperatorsDoorOpen(dir: string): Promise<boolean> {
  using socket = shortened(dir);
  const probe = connect(socket.path);
  try {
    await once(probe, "connect");
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
}

/** A connection to the operators' own door. */
export function connectAtOperatorsDoor(dir: string): Socket {
  const socket = shortened(dir);
  const connection = connect(socket.path);
  connection.once("close", () => socket[Symbol.dispose]());
  return connection;
}

/** Asks at the operators' own door, as `fetch` asks elsewhere. */
export function askAtOperatorsDoor(
  dir: string,
  options: http.RequestOptions,
  body: AsyncIterable<Uint8Array> | string | undefined,
): Promise<http.IncomingMessage> {
  const socket = shortened(dir);
  return new Promise((resolve, reject) => {
    // A connection of its own: a path by descriptor may be another's next time.
    const own = { agent: false, socketPath: socket.path } as const;
    const asked = http.request({ ...options, ...own });
    asked.once("close", () => socket[Symbol.dispose]());
    asked.once("response", resolve);
    asked.once("error", reject);
    if (typeof body === "object") void pour(body, asked).catch(reject);
    else asked.end(body);
  });
}

/**
 * The last piece goes with the end of it all, so that a short body is sent at once:
 * a cloud that refuses it early leaves nothing that could not be sent any more.
 */
async function pour(
  body: AsyncIterable<Uint8Array>,
  asked: http.ClientRequest,
): Promise<void> {
  let last: Uint8Array | undefined;
  for await (const chunk of body) {
    if (asked.destroyed) return;
    if (last !== undefined && !asked.write(last)) {
      await drainedOrGone(asked);
    }
    last = chunk;
  }
  asked.end(last);
}

const drainedOrGone = (asked: http.ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      asked.off("drain", go).off("close", go);
      resolve();
    };
    asked.on("drain", go).on("close", go);
  });

/** A socket's path has room for 107 bytes; by the folder's descriptor it always fits. */
function shortened(dir: string): Disposable & { readonly path: string } {
  const path = operatorsSocket(dir);
  if (Buffer.byteLength(path) <= LONGEST_PATH) {
    return { path, [Symbol.dispose]: () => undefined };
  }
  const folder = openSync(dir, "r");
  return {
    path: operatorsSocket(`/proc/self/fd/${folder}`),
    [Symbol.dispose]: () => closeSync(folder),
  };
}

/** `sun_path` of unix(7), less its end. */
const LONGEST_PATH = 107;
