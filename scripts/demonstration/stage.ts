import type { Lab, LabCloud, LabHost } from "../lab/lab.js";
import type { Namespace } from "../lab/namespace.js";
import type { Target } from "./attack.js";
import type { Teller } from "./teller.js";

/** The play: who is on the stage, and what they know. */
export interface Stage {
  readonly lab: Lab;
  readonly cloud: LabCloud;
  readonly host: LabHost;
  readonly attacker: Namespace;
  readonly teller: Teller;
}

/**
 * The host has addresses kept for examples (RFC 5737, 3849). The attacker comes
 * from 10/8, which lists that hold it hold too wide to be enforced.
 */
export const HOST = { v4: "198.51.100.10", v6: "2001:db8:1::10" };
export const ATTACKER = { v4: "10.66.0.66", v6: "2001:db8:2::66" };
/** Guesses passwords; from a range that no rule holds special (RFC 5737). */
export const BRUTE = "203.0.113.9";
/** A second host, behind the first. */
export const NEIGHBOUR = "10.98.0.2";
export const PORT = 8022;
export const CLOUD_PORT = 18443;

export const targets: readonly Target[] = [
  { from: ATTACKER.v4, to: HOST.v4, port: PORT },
  { from: ATTACKER.v6, to: HOST.v6, port: PORT },
];
