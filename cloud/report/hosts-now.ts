import { hostMode, type HostMode } from "../fleet/host-mode.js";
import { stateOf, troublesOf, type HostState } from "../fleet/host-state.js";
import type { Turns } from "../rate/turns.js";
import type { Stand } from "../receipts/receipts.js";
import type { Agent } from "../registry/registry.js";
import type { Wellness } from "../telemetry/wellness.js";

/** A host that is not well, as it is now. */
export interface Unwell {
  readonly agent: string;
  readonly hostname: string;
  readonly state: HostState;
  readonly mode: HostMode;
  /** Health codes, and what is seen from here. */
  readonly troubles: readonly string[];
  /** Milliseconds since 1970; null: never. */
  readonly lastSeen: number | null;
}

export interface HostsNow {
  readonly all: number;
  readonly online: number;
  /** How many are not well, or away; the first of them. */
  readonly unwell: number;
  readonly first: readonly Unwell[];
}

export interface HostsPorts {
  /** Of an org, those that were not sent away. */
  readonly idsOf: (org: string) => readonly string[];
  readonly agent: (id: string) => Agent | undefined;
  readonly stands: (agent: string) => readonly Stand[];
  readonly wellness: (agent: string) => Wellness | undefined;
  readonly clones: () => ReadonlyMap<string, number>;
  readonly overSince: (agent: string) => number | null;
  readonly isConnected: (agent: string) => boolean;
}

/**
 * An org's hosts as they are now, those that are not well by name.
 * @throws GivenUp
 */
export async function hostsNow(
  org: string,
  ports: HostsPorts,
  turns: Turns,
): Promise<HostsNow> {
  const clones = ports.clones();
  const first: Unwell[] = [];
  const counts = { all: 0, online: 0, unwell: 0 };
  for (const id of ports.idsOf(org)) {
    await turns.next();
    const agent = ports.agent(id);
    if (agent === undefined) continue;
    const host = hostOf(agent, clones.get(id) ?? 0, ports);
    const { state, troubles, mode } = host;
    if (state === "left") continue;
    counts.all += 1;
    if (state === "online") counts.online += 1;
    const isWell =
      state === "online" && troubles.length === 0 && mode === "enforce";
    if (isWell) continue;
    counts.unwell += 1;
    if (first.length < MOST_NAMED) first.push(host);
  }
  return { ...counts, first };
}

function hostOf(agent: Agent, cloned: number, ports: HostsPorts): Unwell {
  const { id, hostname, lastSeen } = agent;
  const { codes = NONE, dropped = 0 } = ports.wellness(id) ?? {};
  const overSince = ports.overSince(id);
  return {
    ...{ agent: id, hostname, lastSeen },
    state: stateOf(agent, ports.isConnected(id)),
    mode: hostMode(ports.stands(id), codes),
    troubles: troublesOf({ cloned, overSince, codes, dropped }),
  };
}

const NONE: ReadonlySet<string> = new Set();

/** On a page that is printed. */
const MOST_NAMED = 100;
