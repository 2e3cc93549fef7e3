import type { Answers, Ban, Page } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { count, counted, Nothing, Panel, Shown } from "../../parts/bits.js";
import { countryName } from "../../parts/country.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";
import { netAround } from "./around.js";

type Attackers = Answers["listAttackers"];
type Attacker = Attackers["items"][number];

const A_FEW = 10;

/** Milliseconds. */
const EVERY = 10_000;

const COLUMNS: readonly PlainColumn<Attacker>[] = [
  {
    head: "Attacker",
    cell: ({ name }) => (
      <a class="mono" href={to("/address", { of: name ?? "" })}>
        {name}
      </a>
    ),
  },
  { head: "Country", cell: ({ country }) => countryName(country) },
  {
    ...{ head: "Failed log-ins", isNumber: true },
    cell: ({ failures }) => count(failures),
  },
  {
    ...{ head: "Packets", isNumber: true },
    cell: ({ packets }) => count(packets),
  },
  { head: "Banned", cell: ({ banned }) => (banned === null ? "no" : "yes") },
  { head: "Last seen", cell: ({ lastSeen }) => <Time at={lastSeen} /> },
];

/** Who else attacks from next to it, and what is banned there. */
export function NeighboursPanel({ range }: { readonly range: string }) {
  const net = netAround(range) ?? range;
  const isWider = net !== range;
  const q = `address:${net}`;
  const attackers = useAsked<Attackers>(
    apiPath("/attackers", { q, sort: "last", limit: A_FEW }),
    { every: EVERY },
  );
  const bans = useAsked<Page<Ban>>(apiPath("/bans", { range: net, limit: 1 }), {
    on: ["decided", "undone"],
  });
  const total = bans.data?.total;
  return (
    <Panel
      title={isWider ? `Around it, in ${net}` : "Attackers in it"}
      more={
        <>
          {isWider && <a href={to("/address", { of: net })}>All about {net}</a>}
          {total !== undefined && (
            <a href={to("/bans", { q: `range:${net}` })}>
              {counted(total, "ban")} there
            </a>
          )}
        </>
      }
    >
      <Shown asked={attackers}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Nothing>Nobody was seen to attack from there.</Nothing>
          ) : (
            <>
              <PlainTable
                label={`Attackers in ${net}`}
                columns={COLUMNS}
                rows={items}
                keyOf={({ name }) => name ?? ""}
              />
              {next !== null && (
                <p class="nothing">
                  <a href={to("/attackers", { q })}>All attackers there</a>
                </p>
              )}
            </>
          )
        }
      </Shown>
    </Panel>
  );
}
