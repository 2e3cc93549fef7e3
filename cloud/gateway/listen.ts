import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { Crowd } from "../door/crowd.js";
import { HALF_MADE } from "../door/budgets.js";
import {
  closeCodes,
  type CloseReason,
} from "../../agent/protocol/close-codes.js";
import { limits } from "../../agent/protocol/limits.js";
import {
  wireNamed,
  wires,
  wire1,
  type Wire,
} from "../../agent/protocol/wire.js";
import { HalfMade } from "./half-made.js";

/** One agent's WebSocket, as far as the gateway needs it. */
export interface Link {
  /** Of who connected, as far as this machine sees. */
  readonly remoteAddress: string;
  /** The version of the protocol that is spoken. */
  readonly wire: Wire;
  send(text: string): void;
  /** Writes a frame that was encoded before, for many links at once. */
  write(frame: Buffer): void;
  /** Bytes that the other side has not taken yet. */
  readonly buffered: number;
  ping(): void;
  /** Reads nothing more for so long; what came already is still heard. */
  holdFor(ms: number): void;
  /** An agent has proved who it is: what bounds strangers no longer does. */
  welcomed(): void;
  close(reason: CloseReason): void;
}

export interface LinkHandler {
  text(text: string): void;
  binary(): void;
  /** Any sign of life, a pong included. */
  heard(): void;
  /** All that was buffered has gone out. */
  drained(): void;
  /** With the code that the agent gave, if it said goodbye. */
  closed(code: number): void;
}

export interface LinkOptions {
  readonly path: string;
  /** Whether upgrades on a path are for somebody else at this door. */
  isElsewhere(path: string): boolean;
  /** Asked before anything is allocated for a connection from the address. */
  admit(address: string): boolean;
  /** The connection is an agent's from here on. */
  welcomed(socket: Socket): void;
  /** Something was over a budget. */
  dropped(why: "sessions-crowded-out" | "hellos-too-large"): void;
  open(link: Link): LinkHandler;
  random(): number;
}

/** Turns upgrade requests on the path into links; refuses all others. */
export function acceptLinks(server: Server, options: LinkOptions): Disposable {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.textBytes,
    maxFragments: MOST_FRAGMENTS,
    maxBufferedChunks: MOST_PIECES,
    clientTracking: false,
    handleProtocols: (offered) =>
      wires.find(({ subprotocol }) => offered.has(subprotocol))?.subprotocol ??
      false,
  });
  const halfMade = new Crowd<HalfMade>(HALF_MADE);
  const onUpgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void => {
    if (options.isElsewhere(pathOf(request))) return;
    socket.on("error", () => socket.destroy());
    const refusal = refusalOf(request, options);
    if (refusal !== undefined) {
      refuse(socket, refusal);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const stranger = new HalfMade(webSocket, request.socket, {
        ...{ crowd: halfMade, dropped: (why) => options.dropped(why) },
      });
      attach(webSocket, request.socket, { ...options, stranger });
    });
  };
  server.on("upgrade", onUpgrade);
  return { [Symbol.dispose]: () => void server.off("upgrade", onUpgrade) };
}

/** An agent says each message in one frame; somebody between may split a few. */
const MOST_FRAGMENTS = 16;

/** The largest message in segments of 256 bytes. */
const MOST_PIECES = 256;

/** A peer that does not answer our close is cut off after so long. */
const GOODBYE_MS = 2_000;

/** Seconds over which refused agents spread their return. */
const RETRY_SPREAD_S = 30;

function attach(
  webSocket: WebSocket,
  socket: Socket,
  options: LinkOptions & { readonly stranger: HalfMade },
): void {
  const remoteAddress = socket.remoteAddress ?? "";
  const whenOpen = (act: () => void): void => {
    if (webSocket.readyState === webSocket.OPEN) act();
  };
  const handler = options.open({
    remoteAddress,
    wire: wireNamed(webSocket.protocol) ?? wire1,
    send: (text) => whenOpen(() => webSocket.send(text)),
    // Without deflate `ws` writes whole frames too, so the two never mix.
    write: (frame) => whenOpen(() => socket.write(frame)),
    get buffered() {
      return socket.writableLength;
    },
    ping: () => whenOpen(() => webSocket.ping()),
    holdFor: (ms) => {
      webSocket.pause();
      setTimeout(() => webSocket.resume(), ms).unref();
    },
    welcomed: () => {
      options.stranger.leave();
      options.welcomed(socket);
    },
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
  webSocket.on("close", (code) => handler.closed(code));
  // A frame against RFC 6455 or over the limit: `ws` closes with its code.
  webSocket.on("error", () => undefined);
  socket.on("drain", () => handler.drained());
}

const pathOf = ({ url = "" }: IncomingMessage): string =>
  url.split("?", 1)[0] ?? "";

/** An upgraded socket is half-open: nobody but us ever destroys it. */
function refuse(socket: Duplex, refusal: string): void {
  socket.once("finish", () => socket.destroy());
  socket.end(refusal);
  setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
}

/** A place at the door is only for those who could come in. */
function refusalOf(
  request: IncomingMessage,
  options: LinkOptions,
): string | undefined {
  if (pathOf(request) !== options.path) {
    return answer("404 Not Found", "not-found", "agents connect elsewhere");
  }
  if (!namesOurProtocol(request.headers["sec-websocket-protocol"])) {
    const message = `the subprotocol ${wire1.subprotocol} is needed`;
    return answer("400 Bad Request", "unsupported-version", message);
  }
  if (!isWebSocketHandshake(request)) {
    const message = "this is no WebSocket handshake of version 13";
    return answer("400 Bad Request", "bad-handshake", message);
  }
  if (options.admit(request.socket.remoteAddress ?? "")) return undefined;
  const seconds = 1 + Math.floor(options.random() * RETRY_SPREAD_S);
  return answer(
    "503 Service Unavailable",
    "too-many-requests",
    `too many agents at once; come back in ${seconds} s`,
    `Retry-After: ${seconds}`,
  );
}

function isWebSocketHandshake({ method, headers }: IncomingMessage): boolean {
  return (
    method === "GET" &&
    headers.upgrade?.toLowerCase() === "websocket" &&
    headers["sec-websocket-version"] === "13" &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "")
  );
}

function namesOurProtocol(offered: string | undefined): boolean {
  const names = offered?.split(",").map((name) => name.trim()) ?? [];
  return names.some((name) => wireNamed(name) !== undefined);
}

function answer(
  status: string,
  error: string,
  message: string,
  ...headers: string[]
): string {
  const body = JSON.stringify({ error, message });
  return [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    "",
    body,
  ].join("\r\n");
}
