import type { Agent } from "../registry/registry.js";
import type { RosterRow } from "./roster-row.js";

export const hostStates = ["online", "offline", "left", "revoked"] as const;
export type HostState = (typeof hostStates)[number];

export function stateOf(
  { revokedAt, leftAt }: Pick<Agent, "revokedAt" | "leftAt">,
  isConnected: boolean,
): HostState {
  if (revokedAt !== null) return "revoked";
  if (isConnected) return "online";
  return leftAt === null ? "offline" : "left";
}

/** What is known of hosts at this moment, without asking any view. */
export interface SeenHere {
  readonly isConnected: (agent: string) => boolean;
  /** Since when an agent's telemetry waits for its budget; null: it does not. */
  readonly overSince: (agent: string) => number | null;
}

/** What is known of how a host is. */
export interface Known {
  /** Pairs of live processes with its key that nobody has seen to. */
  readonly cloned: number;
  /** Since when its telemetry waits for its budget; null: it does not. */
  readonly overSince: number | null;
  /** Codes of what is wrong with it, by its own word. */
  readonly codes: Iterable<string>;
  /** Items that its spool had to let go of. */
  readonly dropped: number;
}

/** Everything that is wrong with a host: what it says, and what is seen here. */
export const troublesOf = ({
  cloned,
  overSince,
  codes,
  dropped,
}: Known): readonly string[] => [
  ...codes,
  ...(cloned > 0 ? ["cloned"] : []),
  ...(overSince === null ? [] : ["telemetry-waits"]),
  ...(dropped > 0 ? ["telemetry-lost"] : []),
];

/** The same of a host in the roster. */
export const troublesSeen = (
  { id, codes, dropped, cloned }: RosterRow,
  { overSince }: Pick<SeenHere, "overSince">,
): readonly string[] =>
  troublesOf({ codes, dropped, cloned, overSince: overSince(id) });
