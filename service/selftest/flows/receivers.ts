import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Logbook } from "./log.js";
import { keepWriting } from "./senders.js";

/** The ports that a party answers on, on all of its addresses. */
export interface Ports {
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

/** Listens for as long as the process lives, and notes what arrives. */
export async function receive(
  { tcp, udp }: Ports,
  families: readonly (4 | 6)[],
  logbook: Logbook,
): Promise<void> {
  const everywhere = families.includes(6) ? "::" : "0.0.0.0";
  for (const port of tcp) {
    const server = createServer({ noDelay: true }, (socket) =>
      accept(socket, logbook),
    );
    await once(server.listen(port, everywhere), "listening");
  }
  for (const port of udp) {
    for (const family of families) await hear(port, family, logbook);
  }
}

async function hear(
  port: number,
  family: 4 | 6,
  logbook: Logbook,
): Promise<void> {
  const socket = createSocket({ type: `udp${family}`, ipv6Only: family === 6 });
  socket.on("message", (datagram) => logbook.arrived(datagram.toString()));
  await once(socket.bind(port), "listening");
}

/** Somebody who does not say at once what they want wanted to connect, no more. */
function accept(socket: Socket, logbook: Logbook): void {
  const hangUp = () => socket.destroy();
  socket.on("error", hangUp);
  socket.setTimeout(PATIENCE_MS, hangUp);
  let greeting = "";
  const listen = (piece: Buffer): void => {
    greeting += piece.toString();
    if (greeting.length > LONGEST_GREETING) socket.destroy();
    const [said, rest] = greeting.split("\n", 2);
    if (said === undefined || rest === undefined) return;
    socket.off("data", listen);
    socket.setTimeout(0);
    serve(socket, said, logbook);
  };
  socket.on("data", listen);
}

function serve(socket: Socket, greeting: string, logbook: Logbook): void {
  const kind = greeting.slice(0, greeting.indexOf(" "));
  const id = greeting.slice(kind.length + 1);
  socket.on("close", () => logbook.isOver(id));
  if (kind === "session") socket.on("data", () => logbook.arrived(id));
  else {
    socket.resume();
    keepWriting(socket, id, logbook);
  }
}

const PATIENCE_MS = 200;
const LONGEST_GREETING = 1_000;
