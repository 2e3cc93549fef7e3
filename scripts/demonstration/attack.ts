import type { Namespace } from "../lab/namespace.js";
import type { Attempt } from "../lab/prober.js";

/** How much of an attack got through. */
export interface Attack {
  readonly sent: number;
  readonly answered: number;
}

/** TCP connections and UDP datagrams, one after the other, IPv4 and IPv6. */
export async function attack(
  attacker: Namespace,
  targets: readonly Target[],
  rounds: number,
): Promise<Attack> {
  let sent = 0;
  let answered = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { from, to, port } of targets) {
      for (const protocol of ["tcp", "udp"] as const) {
        const attempt: Attempt = { protocol, from, to, port };
        sent += 1;
        if (await attacker.reaches(attempt)) answered += 1;
      }
    }
  }
  return { sent, answered };
}

export interface Target {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

export const describeAttack = ({ sent, answered }: Attack): string =>
  `${answered} of ${sent} TCP connections and UDP datagrams answered`;
