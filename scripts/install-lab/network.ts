import { connect } from "node:net";

/** The cable between what is outside, where the cloud is, and the machine. */
export const VETH = "ve-tourniquet";
export const HERE = "198.51.100.1";
export const THERE = "198.51.100.2";
export const ATTACKER = "198.51.100.66";
export const WIDTH = 24;

/**
 * Whether the machine answers somebody: a refused connection is an answer, and
 * silence means dropped, as packets take microseconds.
 * @throws whatever keeps the question from being asked
 */
export function answers(from: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: THERE, port: 9, localAddress: from });
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(250, () => settle(false));
    socket.on("connect", () => settle(true));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") settle(true);
      else reject(error);
    });
  });
}
