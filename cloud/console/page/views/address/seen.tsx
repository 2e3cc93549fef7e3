import type { Why } from "../../api-types.js";
import { count, Nothing, Panel } from "../../parts/bits.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { size } from "../../parts/size.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";

type Seen = Why["seen"][number];
type Hit = Why["hits"][number];

const SEEN: readonly PlainColumn<Seen>[] = [
  { head: "Customer", cell: ({ org }) => org },
  {
    ...{ head: "Hosts", isNumber: true },
    cell: ({ hosts }) => count(hosts),
  },
  {
    ...{ head: "Failed log-ins", isNumber: true },
    cell: ({ failures }) => count(failures),
  },
  {
    ...{ head: "Banned it themselves", isNumber: true },
    cell: ({ banned }) => count(banned),
  },
  { head: "Last", cell: ({ lastSeen }) => <Time at={lastSeen} /> },
];

/** What sensors saw of it, by customer. */
export function SeenPanel({ seen }: { readonly seen: Why["seen"] }) {
  return (
    <Panel title="Seen by sensors">
      {seen.length === 0 ? (
        <Nothing>No host has reported it as an attacker of late.</Nothing>
      ) : (
        <PlainTable
          label="Seen by sensors, by customer"
          columns={SEEN}
          rows={seen}
          keyOf={({ org }) => org}
        />
      )}
    </Panel>
  );
}

const HITS: readonly PlainColumn<Hit>[] = [
  { head: "Customer", cell: ({ org }) => org },
  {
    head: "Ban",
    cell: ({ range }) => (
      <a class="mono" href={to("/address", { of: range })}>
        {range}
      </a>
    ),
  },
  {
    ...{ head: "Packets", isNumber: true },
    cell: ({ packets }) => count(packets),
  },
  {
    ...{ head: "Of these only counted", isNumber: true },
    cell: ({ observed }) => count(observed),
  },
  { ...{ head: "Bytes", isNumber: true }, cell: ({ bytes }) => size(bytes) },
  { head: "Last", cell: ({ lastSeen }) => <Time at={lastSeen} /> },
];

/** Whose packets bans met, by customer. */
export function HitsPanel({ hits }: { readonly hits: Why["hits"] }) {
  return (
    <Panel title="Packets that bans met">
      {hits.length === 0 ? (
        <Nothing>No ban has met a packet of it.</Nothing>
      ) : (
        <PlainTable
          label="Packets that bans met, by customer"
          columns={HITS}
          rows={hits}
          keyOf={({ org, range }) => `${org} ${range}`}
        />
      )}
    </Panel>
  );
}
