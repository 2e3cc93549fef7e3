import { dirname, join } from "node:path";

/** The group whose members may look, without being root. */
export const READERS = "tourniquet-read";

/**
 * Where readers are answered: in a folder of their own beside that of the control
 * socket, `/run/tourniquet-read/read.sock`, so that its group is the folder's and
 * the agent needs no right to give files away.
 */
export const readersSocket = (controlSocket: string): string =>
  join(`${dirname(controlSocket)}-read`, "read.sock");
