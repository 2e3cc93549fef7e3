import type { AgentOptions } from "../../agent/core.js";
import { generateKey } from "../../agent/trust/keys.js";
import { checkTransport } from "./enrol.js";
import {
  identityIn,
  isEnrolled,
  keepRoot,
  readIdentity,
  readIdentityFor,
} from "./identity-store.js";
import { isCopy, noteMachine, setAside } from "./machine.js";
import { enrolByToken, hasToken, type RolloutPorts } from "./rollout.js";
import { standsAlone } from "./stand-alone.js";

export interface WhoPorts extends RolloutPorts {
  /** As `machineOf` tells it. */
  readonly machine: string | undefined;
  readonly now: () => number;
  /** Told of what changed of this host's identity. */
  readonly changed: (what: string) => void;
}

export type Who = Pick<
  AgentOptions,
  "identity" | "deviceKey" | "keyStore" | "keepRoot"
>;

/**
 * Who this host is to its cloud, or that it has none. A copied identity is set aside,
 * and where somebody left a token, the host is enrolled by it.
 * @throws Failure
 */
export async function whoThisIs(ports: WhoPorts): Promise<Who> {
  const { stateDir } = ports;
  if (isEnrolled(stateDir)) setCopyAside(ports);
  if (!isEnrolled(stateDir) && hasToken(stateDir)) {
    ports.changed(await enrolByToken(ports));
  }
  if (!isEnrolled(stateDir) && standsAlone(stateDir)) {
    // Nothing that it signs is anybody's to read.
    const deviceKey = generateKey();
    return { identity: undefined, deviceKey, keepRoot: () => undefined };
  }
  return enrolledAs(ports);
}

function enrolledAs({ stateDir, handedIn, machine }: WhoPorts): Who {
  const stored = handedIn
    ? readIdentityFor(handedIn, stateDir)
    : readIdentity(stateDir);
  const { identity } = stored;
  checkTransport(new URL(identity.url));
  noteMachine(stateDir, identity, machine);
  return {
    ...stored,
    keepRoot: (root, fingerprint) =>
      keepRoot(stateDir, identity, { root, fingerprint }),
  };
}

/** One identity on two machines would be taken for a clone, and be revoked. */
function setCopyAside({ stateDir, machine, now, changed }: WhoPorts): void {
  const identity = identityIn(stateDir);
  if (identity === undefined || !isCopy(stateDir, identity, machine)) return;
  const folder = setAside(stateDir, new Date(now()));
  changed(
    `${identity.agent} was enrolled on another machine, whose /etc/machine-id is another: its copied identity is in ${folder} now`,
  );
}
