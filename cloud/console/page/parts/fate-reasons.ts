import { STATES } from "./state-said.js";
import { heldSaid } from "./held-said.js";
import { sortHosts, type Outcome } from "./host-groups.js";

/** As many as one reads in passing; the decision's own view has all. */
const MOST_REASONS = 6;

/**
 * Why hosts do not do what was decided, in sentences, each with how many they are,
 * the most first. Hosts that came later count for nothing.
 */
export function reasonsOf(
  hosts: readonly Outcome[],
  decided: Parameters<typeof sortHosts>[1],
): readonly (readonly [string, number])[] {
  const { missing, held, others } = sortHosts(hosts, decided);
  const counts = new Map<string, number>();
  const add = (reason: string, many: number) =>
    counts.set(reason, (counts.get(reason) ?? 0) + many);
  for (const { of, hosts: own } of held) add(heldSaid(of), own.length);
  for (const { of, hosts: own } of others) {
    add(STATES[of as Outcome["state"]], own.length);
  }
  for (const { state } of missing) add(STATES[state], 1);
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_REASONS);
}
