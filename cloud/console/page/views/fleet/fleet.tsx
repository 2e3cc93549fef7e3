import { AGENTS } from "../../../../query/lists/agents.js";
import type { Known } from "../../../../query/complete.js";
import type { Host } from "../../api-types.js";
import { Badge, count } from "../../parts/bits.js";
import { ListView } from "../../parts/list-view.js";
import type { Column } from "../../parts/long-list.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { FleetCounts, type FleetCount } from "./fleet-counts.js";
import { ModeBadge, StateBadge, troublesOf } from "./host-words.js";

/** All hosts, by what one asks for. */
export function Fleet() {
  const { data: fleet } = useAsked<FleetCount>("/fleet", {
    ...{ every: 5_000, on: ["agent"] },
  });
  return (
    <ListView<Host>
      title={isVendor.value ? "Fleet" : "Your hosts"}
      path="/agents"
      list={AGENTS}
      known={knownOf(fleet)}
      columns={isVendor.value ? COLUMNS : COLUMNS.filter(isOfOneOrg)}
      keyOf={({ id }) => id}
      hrefOf={({ id }) => to(`/fleet/${id}`)}
      on={["agent", "org"]}
      nothing="No host is like that. Hosts come in by an enrolment token: Settings makes them."
    >
      {fleet !== undefined && <FleetCounts fleet={fleet} />}
    </ListView>
  );
}

/** What the query box may offer. */
function knownOf(fleet: FleetCount | undefined): Known {
  if (fleet === undefined) return {};
  const { orgs, cells, tags, groups, troubles } = fleet;
  const once = (values: readonly string[]) => [...new Set(values)].sort();
  return {
    org: once(orgs.map(({ org }) => org)),
    version: once(cells.map(({ version }) => version)),
    tag: once(tags.map(({ tag }) => tag)),
    group: once(groups.map(({ group }) => group)),
    health: once(troubles.map(({ code }) => code)),
  };
}

const isOfOneOrg = ({ id }: Column<Host>): boolean => id !== "org";

const none = <span class="faint">–</span>;

const COLUMNS: readonly Column<Host>[] = [
  {
    ...{ id: "host", head: "Host", width: "minmax(9rem, 2fr)" },
    sort: "hostname",
    cell: ({ hostname }) => hostname,
  },
  {
    ...{ id: "org", head: "Customer", width: "minmax(6rem, 1fr)" },
    ...{ sort: "org", onlyWide: true, cell: ({ org }) => org },
  },
  {
    ...{ id: "state", head: "State", width: "5.5rem" },
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    ...{ id: "mode", head: "Does", width: "7.5rem", onlyWide: true },
    sort: "mode",
    cell: ({ mode }) => <ModeBadge mode={mode} />,
  },
  {
    ...{ id: "health", head: "Wrong with it", width: "minmax(7rem, 1.6fr)" },
    cell: (host) => <Health host={host} />,
  },
  {
    ...{ id: "version", head: "Version", width: "5.5rem", onlyWide: true },
    sort: "version",
    cell: ({ version }) => version,
  },
  {
    ...{ id: "seen", head: "Heard", width: "6rem", onlyWide: true },
    sort: "lastseen",
    cell: ({ lastSeen }) => <Time at={lastSeen} />,
  },
  {
    ...{ id: "bans", head: "In force", width: "5.5rem", isNumber: true },
    ...{ sort: "bans", onlyWide: true },
    cell: ({ report }) => (report?.vitals ? count(report.vitals.bans) : none),
  },
  {
    ...{ id: "held", head: "Held", width: "4.5rem", isNumber: true },
    ...{ sort: "held", onlyWide: true },
    cell: ({ report }) => (report?.vitals ? count(report.vitals.held) : none),
  },
  {
    ...{ id: "behind", head: "Behind", width: "5rem", isNumber: true },
    ...{ sort: "behind", onlyWide: true },
    cell: ({ behind }) => <Behind behind={behind} />,
  },
];

/** The worst of what is wrong, and how much more there is. */
function Health({ host }: { readonly host: Host }) {
  const [worst, ...others] = troublesOf(host);
  if (worst === undefined) return none;
  return (
    <span title={worst.says}>
      <Badge tone={worst.tone}>{worst.code}</Badge>
      {others.length > 0 && <span class="faint"> +{others.length}</span>}
    </span>
  );
}

/** How many bans and lifts its receipts do not tell of yet. */
function Behind({ behind }: { readonly behind: number | null }) {
  if (behind === null) return none;
  return behind === 0 ? (
    <span class="faint">0</span>
  ) : (
    <Badge tone="warn">{count(behind)}</Badge>
  );
}
