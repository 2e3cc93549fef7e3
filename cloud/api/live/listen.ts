import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Caller } from "../../operators/caller.js";
import { checked, problem, type ApiProblem } from "../problem.js";
import { BASE } from "../table/base.js";
import { problemJson } from "../table/problem-shape.js";
import { LiveQuery, USUAL_BEAT_MS } from "./live-query.js";
import type { Begin, Sink } from "./stream.js";

export const LIVE_PATH = `${BASE}/live`;

export interface LiveDoor {
  /** @throws ApiProblem when nobody known asks, or a page of somebody else's */
  callerOf(request: IncomingMessage): Caller;
  /** Begins a stream; what it returns hears of its end. */
  open(caller: Caller, from: Begin, sink: Sink): () => void;
  /** The connection works for somebody who is known, until disposed. */
  engage(socket: Socket): Disposable;
  /** What somebody is told of an error; the log has what they are not told. */
  asProblem(error: unknown): ApiProblem;
  /** Whether nobody else takes upgrades at this door. */
  readonly isAllThereIs: boolean;
}

/** Turns upgrade requests for the stream into streams; others are not its own. */
export function acceptStreams(server: Server, door: LiveDoor): Disposable {
  const sockets = new WebSocketServer({
    ...{ noServer: true, perMessageDeflate: false, clientTracking: false },
    // Who listens says nothing.
    maxPayload: 1_024,
  });
  const onUpgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void => {
    socket.on("error", () => socket.destroy());
    const [path, query = ""] = (request.url ?? "").split("?", 2);
    if (path !== LIVE_PATH) {
      if (door.isAllThereIs) refuse(socket, elsewhere());
      return;
    }
    try {
      const caller = door.callerOf(request);
      const from = beginIn(new URLSearchParams(query));
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        attach(webSocket, request.socket, { door, caller, from }),
      );
    } catch (error) {
      refuse(socket, door.asProblem(error));
    }
  };
  server.on("upgrade", onUpgrade);
  return { [Symbol.dispose]: () => void server.off("upgrade", onUpgrade) };
}

function attach(
  webSocket: WebSocket,
  socket: Socket,
  asked: {
    readonly door: LiveDoor;
    readonly caller: Caller;
    readonly from: Begin;
  },
): void {
  const { door, caller, from } = asked;
  const engaged = door.engage(socket);
  const gone = door.open(caller, from, {
    send: (text) => {
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(text);
    },
    get buffered() {
      return webSocket.bufferedAmount;
    },
    close: (code, reason) => {
      webSocket.close(code, reason);
      setTimeout(() => webSocket.terminate(), GOODBYE_MS).unref();
    },
  });
  webSocket.on("close", () => {
    engaged[Symbol.dispose]();
    gone();
  });
  // A frame against RFC 6455 or over the limit: `ws` closes with its code.
  webSocket.on("error", () => undefined);
}

/** @throws ApiProblem */
function beginIn(query: URLSearchParams): Begin {
  const asked = checked(LiveQuery, Object.fromEntries(query));
  return { after: asked.after, beatMs: asked.beat ?? USUAL_BEAT_MS };
}

const elsewhere = () =>
  problem(404, "not-found", {
    ...{ field: "", value: undefined },
    message: `only ${LIVE_PATH} is a WebSocket here`,
  });

/** An upgraded socket is half-open: nobody but us ever destroys it. */
function refuse(socket: Duplex, told: ApiProblem): void {
  const body = JSON.stringify(problemJson(told));
  const head = [
    `HTTP/1.1 ${told.status} Refused`,
    "Connection: close",
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.once("finish", () => socket.destroy());
  socket.end([...head, "", body].join("\r\n"));
  setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
}

const GOODBYE_MS = 2_000;
