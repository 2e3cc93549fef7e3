import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import {
  closeCodes,
  type CloseReason,
} from "../../agent/protocol/close-codes.js";
import { limits } from "../../agent/protocol/limits.js";
import { SUBPROTOCOL } from "../../agent/protocol/messages.js";

/** One agent's WebSocket, as far as the gateway needs it. */
export interface Link {
  send(text: string): void;
  /** Writes a frame that was encoded before, for many links at once. */
  write(frame: Buffer): void;
  /** Bytes that the other side has not taken yet. */
  readonly buffered: number;
  ping(): void;
  close(reason: CloseReason): void;
}

export interface LinkHandler {
  text(text: string): void;
  binary(): void;
  /** Any sign of life, a pong included. */
  heard(): void;
  /** All that was buffered has gone out. */
  drained(): void;
  closed(): void;
}

export interface LinkOptions {
  readonly path: string;
  /** Asked before anything is allocated for a connection. */
  admit(): boolean;
  open(link: Link): LinkHandler;
  random(): number;
}

/** Turns upgrade requests on the path into links; refuses all others. */
export function acceptLinks(server: Server, options: LinkOptions): Disposable {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.textBytes,
    clientTracking: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  const onUpgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void => {
    socket.on("error", () => socket.destroy());
    const refusal = refusalOf(request, options);
    if (refusal !== undefined) {
      socket.end(refusal);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      attach(webSocket, socket, options);
    });
  };
  server.on("upgrade", onUpgrade);
  return { [Symbol.dispose]: () => void server.off("upgrade", onUpgrade) };
}

/** A peer that does not answer our close is cut off after so long. */
const GOODBYE_MS = 2_000;

/** Seconds over which refused agents spread their return. */
const RETRY_SPREAD_S = 30;

function attach(
  webSocket: WebSocket,
  socket: Duplex,
  options: LinkOptions,
): void {
  const whenOpen = (act: () => void): void => {
    if (webSocket.readyState === webSocket.OPEN) act();
  };
  const handler = options.open({
    send: (text) => whenOpen(() => webSocket.send(text)),
    // Without deflate `ws` writes whole frames too, so the two never mix.
    write: (frame) => whenOpen(() => socket.write(frame)),
    get buffered() {
      return socket.writableLength;
    },
    ping: () => whenOpen(() => webSocket.ping()),
    close: (reason) => {
      webSocket.close(closeCodes[reason], reason);
      setTimeout(() => webSocket.terminate(), GOODBYE_MS).unref();
    },
  });
  webSocket.on("message", (data: Buffer, isBinary) => {
    handler.heard();
    if (isBinary) handler.binary();
    else handler.text(data.toString("utf8"));
  });
  webSocket.on("pong", () => handler.heard());
  webSocket.on("ping", () => handler.heard());
  webSocket.on("close", () => handler.closed());
  // A frame against RFC 6455 or over the limit: `ws` closes with its code.
  webSocket.on("error", () => undefined);
  socket.on("drain", () => handler.drained());
}

function refusalOf(
  request: IncomingMessage,
  options: LinkOptions,
): string | undefined {
  const path = request.url?.split("?", 1)[0];
  if (path !== options.path) return answer("404 Not Found", "not-found");
  if (!namesOurProtocol(request.headers["sec-websocket-protocol"])) {
    return answer("400 Bad Request", "unsupported-version");
  }
  if (options.admit()) return undefined;
  const seconds = 1 + Math.floor(options.random() * RETRY_SPREAD_S);
  return answer(
    "503 Service Unavailable",
    "too-many-requests",
    `Retry-After: ${seconds}`,
  );
}

function namesOurProtocol(offered: string | undefined): boolean {
  const names = offered?.split(",").map((name) => name.trim()) ?? [];
  return names.includes(SUBPROTOCOL);
}

function answer(status: string, code: string, ...headers: string[]): string {
  const body = JSON.stringify({ error: code });
  return [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    ...headers,
    "",
    body,
  ].join("\r\n");
}
