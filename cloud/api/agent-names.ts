import type { Agent, Registry } from "../registry/registry.js";
import { problem, unknown } from "./problem.js";

/** The agent with this id, or all on hosts of this name. */
export function agentsCalled(
  name: string,
  registry: Pick<Registry, "agent" | "agentsOn">,
): readonly Agent[] {
  const byId = registry.agent(name);
  return byId === undefined ? registry.agentsOn(name) : [byId];
}

/** What an agent told, with its host's name; null: the agent was forgotten. */
export const withHostname = <T extends { readonly agent: string }>(
  told: T,
  registry: Pick<Registry, "agent">,
) => ({ ...told, hostname: registry.agent(told.agent)?.hostname ?? null });

/**
 * The one that is meant: of several, those that were sent away do not count.
 * @throws ApiProblem that says who there is
 */
export function onlyOne(name: string, named: readonly Agent[]): Agent {
  const trusted = named.filter(({ revokedAt }) => revokedAt === null);
  const [found, ...others] = trusted.length > 0 ? trusted : named;
  if (found === undefined) {
    throw unknown("agent", name, `no agent with id or host name ${name}`);
  }
  if (others.length === 0) return found;
  const ids = [found, ...others].map(({ id }) => id);
  const shown = ids.slice(0, FEW).join(", ");
  const rest = ids.length > FEW ? ` and ${ids.length - FEW} more` : "";
  throw problem(409, "ambiguous", {
    field: "agent",
    value: name,
    message: `${ids.length} agents run on hosts named ${name}: name one by its id: ${shown}${rest}`,
  });
}

const FEW = 8;
