import { createSocket } from "node:dgram";
import { once } from "node:events";
import { formatCidr, type Cidr } from "../model/cidr.js";

/**
 * Sends one UDP datagram from an arbitrary port of this host to a single address.
 * Returns the system's code for why it was not sent, such as `ENETUNREACH`;
 * undefined when it went on its way.
 */
export async function sendDatagram(
  to: Cidr,
  port: number,
  payload: Uint8Array,
): Promise<string | undefined> {
  const socket = createSocket(to.family === 4 ? "udp4" : "udp6");
  try {
    const failed = once(socket, "error").then(([error]) => codeOf(error));
    const sent = new Promise<string | undefined>((resolve) => {
      socket.send(payload, port, formatCidr(to), (error) =>
        resolve(error === null ? undefined : codeOf(error)),
      );
    });
    return await Promise.race([sent, failed]);
  } finally {
    socket.close();
  }
}

const codeOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};
