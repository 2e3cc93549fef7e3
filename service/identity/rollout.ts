import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readInventory } from "../../agent/host/inventory.js";
import { decodeToken } from "../../agent/protocol/enrolment.js";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import type { Way } from "../../agent/uplink/reach.js";
import { comeIn } from "./come-in.js";
import { EnrolmentRefused } from "./enrol.js";
import { readPrivate } from "./private-files.js";

export interface RolloutPorts {
  readonly stateDir: string;
  /** How the cloud is reached. @throws Failure */
  readonly way: () => Way;
  readonly version: string;
  /** The device key, where it is not this program's to make. */
  readonly handedIn: SigningKey | undefined;
  /** Returns when it may fail: who runs it starts it again at once. */
  readonly pause: () => Promise<void>;
}

/** Whether somebody put a token where the agent enrols by it when it starts. */
export const hasToken = (stateDir: string): boolean =>
  existsSync(tokenPath(stateDir));

/**
 * Enrols by that token, which is gone then. A cloud that cannot be reached is asked
 * again at the next start; a token that it refuses is put aside.
 * @returns what to tell of it
 * @throws Failure
 */
export async function enrolByToken(ports: RolloutPorts): Promise<string> {
  const { stateDir, handedIn, version } = ports;
  const path = tokenPath(stateDir);
  const token = readToken(path);
  const inventory = await readInventory();
  try {
    const options = { token, inventory, version, way: ports.way() };
    const told = await comeIn(stateDir, options, handedIn);
    rmSync(path, { force: true });
    return told;
  } catch (error) {
    if (!(error instanceof EnrolmentRefused)) {
      await ports.pause();
      throw error;
    }
    const refused = `${path}.refused`;
    renameSync(path, refused);
    throw failed(`${error.message}; the token is in ${refused} now`, error);
  }
}

function readToken(path: string) {
  try {
    return decodeToken(readPrivate(path) ?? "");
  } catch (error) {
    throw failed(
      `${messageOf(error)}; put it there so: sudo install -o tourniquet -g tourniquet -m 600 TOKEN ${path}`,
      error,
    );
  }
}

/** The unit has it as a condition. */
const tokenPath = (stateDir: string): string =>
  join(stateDir, "enrolment-token");
