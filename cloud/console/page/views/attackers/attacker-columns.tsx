import { Badge, count, counted } from "../../parts/bits.js";
import { countryName } from "../../parts/country.js";
import type { Column } from "../../parts/long-list.js";
import { Time, localTime } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import type { Attacker, Together } from "./groupings.js";

const none = <span class="faint">–</span>;

const FAILURES: Column<Attacker> = {
  ...{ id: "failures", head: "Failed log-ins", width: "6.5rem" },
  ...{ sort: "failures", isNumber: true },
  cell: ({ failures }) => count(failures),
};

const PACKETS: Column<Attacker> = {
  ...{ id: "packets", head: "Packets caught", width: "8rem" },
  ...{ sort: "packets", isNumber: true, onlyWide: true },
  cell: ({ packets, observed }) => (
    <span
      title={`Bans dropped ${counted(packets - observed, "packet")}, and only counted ${count(observed)}`}
    >
      {count(packets)}
    </span>
  ),
};

const FIRST: Column<Attacker> = {
  ...{ id: "first", head: "First seen", width: "6.5rem", onlyWide: true },
  cell: ({ firstSeen }) => <Time at={firstSeen} />,
};

const LAST: Column<Attacker> = {
  ...{ id: "last", head: "Last seen", width: "6.5rem", sort: "last" },
  onlyWide: true,
  cell: ({ lastSeen }) => <Time at={lastSeen} />,
};

const SENSORS: Column<Attacker> = {
  ...{ id: "sensors", head: "Seen by", width: "minmax(4rem, 0.8fr)" },
  onlyWide: true,
  cell: ({ sensors }) => (sensors.length === 0 ? none : sensors.join(", ")),
};

/** One by one. */
export const ADDRESS_COLUMNS: readonly Column<Attacker>[] = [
  {
    ...{ id: "name", head: "Address", width: "minmax(9rem, 1.4fr)" },
    cell: ({ name }) => <span class="mono">{name}</span>,
  },
  {
    ...{ id: "country", head: "Country", width: "minmax(5rem, 1fr)" },
    onlyWide: true,
    cell: ({ country }) => (country === null ? none : countryName(country)),
  },
  {
    ...{ id: "orgs", head: "Customers", width: "minmax(6rem, 1.2fr)" },
    onlyWide: true,
    cell: (attacker) => <Customers attacker={attacker} />,
  },
  {
    ...{ id: "hosts", head: "Hosts", width: "4rem", isNumber: true },
    onlyWide: true,
    cell: (attacker) => <Hosts attacker={attacker} />,
  },
  SENSORS,
  FAILURES,
  PACKETS,
  FIRST,
  LAST,
  {
    ...{ id: "banned", head: "Banned", width: "5.5rem" },
    cell: (attacker) => <Banned attacker={attacker} />,
  },
];

const HEADS: Readonly<Record<Together, string>> = {
  net: "Network",
  country: "Country",
  org: "Customer",
};

/** By what they have in common. */
export const groupColumns = (by: Together): readonly Column<Attacker>[] => [
  {
    ...{ id: "name", head: HEADS[by], width: "minmax(9rem, 1.4fr)" },
    cell: ({ name }) =>
      by === "country" ? (
        countryName(name)
      ) : (
        <span class={by === "net" ? "mono" : ""}>{name}</span>
      ),
  },
  {
    ...{ id: "attackers", head: "Attackers", width: "6rem" },
    ...{ sort: "attackers", isNumber: true },
    cell: ({ attackers }) => count(attackers),
  },
  SENSORS,
  FAILURES,
  PACKETS,
  FIRST,
  LAST,
];

/** Of those that are named: more than the first would not fit. */
function Customers({ attacker }: { readonly attacker: Attacker }) {
  const { orgs, orgCount } = attacker;
  const [first] = orgs;
  if (first === undefined) return none;
  const more = (orgCount ?? orgs.length) - 1;
  return (
    <span title={orgs.join(", ")}>
      {first}
      {more > 0 && <span class="faint"> +{count(more)}</span>}
    </span>
  );
}

function Hosts({
  attacker: { hosts, seenBy },
}: {
  readonly attacker: Attacker;
}) {
  if (hosts === null) return none;
  const names = seenBy.map(({ hostname, org }) =>
    isVendor.value ? `${hostname} of ${org}` : hostname,
  );
  return <span title={names.join(", ")}>{count(hosts)}</span>;
}

/** The way to the decision that bans it. */
function Banned({ attacker: { banned } }: { readonly attacker: Attacker }) {
  if (banned === null) return none;
  const { decision, feed, range, until, observed, reason } = banned;
  return (
    <a
      href={to(`/decisions/${decision}`)}
      title={`${range} in ${feed} until ${localTime(until)}: ${reason}`}
    >
      {observed ? <Badge>counted</Badge> : <Badge tone="good">banned</Badge>}
    </a>
  );
}
