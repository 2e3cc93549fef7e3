import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocket, type RawData } from "ws";
import { limits } from "../protocol/limits.js";
import { wireNamed, wires, type Wire } from "../protocol/wire.js";
import type { Clock } from "../runtime/clock.js";
import { Connection } from "./connection.js";
import { CloudUnreachable, HandshakeRefused, LinkGarbled } from "./errors.js";
import { reach, type Way } from "./reach.js";
import { strangeAnswer } from "./strange-answer.js";
import { whyUnreachable } from "./unreachable.js";

/** Where and how to connect. */
export interface DialOptions {
  /** `wss:`, or `ws:` to a loopback address. */
  readonly url: URL;
  readonly way: Way;
  /** How long nothing may come; the whole takes at most three times as long. */
  readonly handshakeMs: number;
  readonly clock: Clock;
}

/**
 * Opens one connection to the cloud.
 * @throws CloudUnreachable or HandshakeRefused
 */
export async function dial(
  options: DialOptions,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const stream = await reached(options, signal);
  const offered = wires.map(({ subprotocol }) => subprotocol);
  const socket = new WebSocket(options.url, offered, {
    createConnection: () => stream,
    handshakeTimeout: options.handshakeMs,
    maxPayload: limits.segmentBytes,
    perMessageDeflate: false,
    followRedirects: false,
  });
  const connection = attach(socket, options.clock);
  const abort = () => socket.terminate();
  signal.addEventListener("abort", abort, { once: true });
  // What drips is never silent for long.
  using _late = options.clock.every(options.handshakeMs * 2, abort);
  try {
    await opened(socket, options.clock);
    connection.agreed(spokenOn(socket));
    return connection;
  } catch (error) {
    socket.terminate();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function reached(
  { url, way, handshakeMs, clock }: DialOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const now = clock.now();
  try {
    return await reach(url, way, { timeoutMs: handshakeMs, signal, now });
  } catch (error) {
    throw unreachable(error as Error, now);
  }
}

const unreachable = (cause: Error, now: number): CloudUnreachable =>
  new CloudUnreachable(
    `cannot connect to the cloud: ${whyUnreachable(cause, { now })}`,
    { cause },
  );

function opened(socket: WebSocket, clock: Pick<Clock, "now">): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("unexpected-response", (request, response) => {
      request.destroy();
      reject(refusalOf(response));
    });
    socket.once("error", (cause) => reject(unreachable(cause, clock.now())));
  });
}

function refusalOf(response: IncomingMessage): HandshakeRefused {
  const seconds = Number(response.headers["retry-after"]);
  const retryAfterMs =
    Number.isFinite(seconds) && seconds >= 0
      ? Math.min(seconds, LONGEST_RETRY_AFTER_S) * 1000
      : undefined;
  const strange = strangeAnswer(response);
  return new HandshakeRefused(response.statusCode ?? 0, retryAfterMs, strange);
}

/** `ws` takes no answer that names what was not offered. */
function spokenOn({ protocol }: WebSocket): Wire {
  const wire = wireNamed(protocol);
  if (wire !== undefined) return wire;
  throw new LinkGarbled(`the cloud speaks "${protocol}"`);
}

/** A cloud, or a proxy before it, may slow agents down, not send them away. */
const LONGEST_RETRY_AFTER_S = 120;

/** Fits a `ws` socket to what Connection needs of it. */
function attach(socket: WebSocket, clock: Clock): Connection {
  const wire = {
    send: (text: string) => socket.send(text),
    unsent: () => socket.bufferedAmount,
    ping: () => socket.ping(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: (code: number) => socket.close(code),
    terminate: () => socket.terminate(),
  };
  const connection = new Connection(wire, clock);
  socket.on("upgrade", (response) =>
    connection.reached(response.socket.remoteAddress ?? ""),
  );
  socket.on("message", (data, isBinary) =>
    connection.heardFrame(bytesOf(data), isBinary),
  );
  socket.on("pong", () => connection.heardPong());
  socket.on("ping", () => connection.heardPong());
  socket.on("close", (code, reason) =>
    connection.heardClose(code, reason.toString("utf8")),
  );
  socket.on("error", (error) => connection.failed(asGarbled(error)));
  return connection;
}

/** What `ws` can't read bears its mark; the rest is the network's. */
function asGarbled(error: Error & { readonly code?: unknown }): Error {
  const { code, message } = error;
  const isGarbled = typeof code === "string" && code.startsWith("WS_ERR_");
  return isGarbled ? new LinkGarbled(message, { cause: error }) : error;
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
