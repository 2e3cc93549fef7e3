import { existsSync, realpathSync } from "node:fs";
import { failed } from "../agent/text/failure.js";

/** What this machine is, as far as an installation cares. */
export interface Surroundings {
  readonly uid: number;
  /** Whether systemd is what runs this machine's services. */
  readonly hasSystemd: boolean;
  /** Where Node's program lies, links followed. */
  readonly node: string;
}

export const lookAround = (): Surroundings => ({
  uid: process.getuid?.() ?? -1,
  hasSystemd: existsSync("/run/systemd/system"),
  node: realpathSync(process.execPath),
});

/** @throws Failure with the first thing that is missing, and what to do */
export function checkSurroundings(around: Surroundings): void {
  if (around.uid !== 0) throw failed("must run as root: use sudo");
  if (!around.hasSystemd) {
    throw failed(
      "systemd does not run this machine's services; run the agent yourself: service/tourniquet run",
    );
  }
  if (HIDDEN.test(around.node)) {
    throw failed(
      `a service may not look into ${around.node}; install Node system-wide, such as in /usr/bin`,
    );
  }
}

/** What the unit's ProtectHome, PrivateTmp and InaccessiblePaths take away. */
const HIDDEN = /^\/(home|root|run|tmp|var\/tmp|srv|media|mnt|boot)\//;
