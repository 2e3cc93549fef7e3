import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import type { Flow } from "./flows.js";
import type { Logbook } from "./log.js";

/** Begins a flow, and goes on with it for as long as the process lives. */
export function send(flow: Flow, logbook: Logbook): void {
  switch (flow.kind) {
    case "connect":
      return sendConnections(flow, logbook);
    case "datagram":
      return sendDatagrams(flow, logbook);
    case "session":
    case "stream":
      return open(flow, logbook);
  }
}

/** Writes something small every few milliseconds until the socket is closed. */
export function keepWriting(
  socket: Socket,
  id: string,
  logbook: Logbook,
): void {
  const ticking = setInterval(() => {
    logbook.tried(id);
    // What waits goes out with the next packet that does: it need not grow.
    if (socket.writableLength < MOST_WAITING_BYTES) socket.write(PIECE);
  }, INTERVAL_MS);
  socket.on("close", () => clearInterval(ticking));
}

/** Only so many attempts wait at a time: the oldest is given up. */
function sendConnections({ id, to, port }: Flow, logbook: Logbook): void {
  const waiting: Socket[] = [];
  setInterval(() => {
    if (waiting.length === MOST_ATTEMPTS) waiting.shift()?.destroy();
    const socket = connect({ host: to, port });
    waiting.push(socket);
    logbook.tried(id);
    const forget = () => {
      const at = waiting.indexOf(socket);
      if (at >= 0) waiting.splice(at, 1);
    };
    socket.on("error", forget);
    socket.on("connect", () => {
      logbook.arrived(id);
      forget();
      socket.resetAndDestroy(); // leaves no TIME_WAIT behind
    });
  }, CONNECT_INTERVAL_MS);
}

function sendDatagrams({ id, to, port, family }: Flow, logbook: Logbook): void {
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  socket.on("error", () => undefined); // such as that it is refused
  const datagram = Buffer.from(id);
  setInterval(() => {
    logbook.tried(id);
    socket.send(datagram, port, to, () => undefined);
  }, INTERVAL_MS);
}

/** Says at first what kind of connection it is, and of which flow. */
function open(flow: Flow, logbook: Logbook): void {
  const { id, to, port, kind } = flow;
  const socket = connect({ host: to, port, noDelay: true });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => logbook.isOver(id));
  socket.on("connect", () => {
    socket.write(`${kind} ${id}\n`);
    if (kind === "session") keepWriting(socket, id, logbook);
  });
  if (kind === "session") socket.resume();
  else socket.on("data", () => logbook.arrived(id));
}

const INTERVAL_MS = 5;
const CONNECT_INTERVAL_MS = 10;
const MOST_ATTEMPTS = 8;
const PIECE = Buffer.alloc(64, ".");
const MOST_WAITING_BYTES = 16_384;
