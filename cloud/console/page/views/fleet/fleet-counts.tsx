import type { Answers } from "../../api-types.js";
import { count } from "../../parts/bits.js";
import { query, to } from "../../router.js";

export type FleetCount = Answers["countHosts"];

/** How many hosts are how, each figure a way to them. */
export function FleetCounts({ fleet }: { readonly fleet: FleetCount }) {
  const { hosts, online, unhealthy, behind, cells } = fleet;
  const observing = cells
    .filter(({ mode, state }) => mode !== "enforce" && state !== "revoked")
    .reduce((sum, each) => sum + each.hosts, 0);
  const figures: readonly (readonly [string, number, string])[] = [
    ["hosts", hosts, "not state:revoked"],
    ["connected", online, "state:online"],
    ["not enforcing", observing, "not mode:enforce not state:revoked"],
    ["with something wrong", unhealthy, "unhealthy:yes"],
    ["behind", behind, "behind:>0"],
  ];
  const asked = query.value.get("q") ?? "";
  return (
    <nav class="figures" aria-label="Hosts by how they are">
      {figures.map(([says, many, q]) => (
        <a
          key={says}
          href={to("/fleet", { q })}
          {...(asked === q && { "aria-current": "true" as const })}
        >
          <strong>{count(many)}</strong> {says}
        </a>
      ))}
    </nav>
  );
}
