import type { ComponentChildren } from "preact";
import type { Host, Page } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { Badge, Nothing, Panel, Shown } from "../../parts/bits.js";
import { PlainTable } from "../../parts/plain-table.js";
import { Tabs } from "../../parts/tabs.js";
import { query, setQuery } from "../../router.js";
import { useAsked } from "../../use-asked.js";
import {
  CLONES,
  CONTACTS,
  DETECTIONS,
  DIVERGENCES,
  RECEIPTS,
  REFUSALS,
  STATEMENTS,
  type Past,
} from "./pasts.js";

/** Which list is seen first, and its place in the address. */
const FIRST = "receipts";
const PARAMETER = "of";

/** What a host answered, saw and said: the newest of each. */
export function HostPast({ host }: { readonly host: Host }) {
  const shown = query.value.get(PARAMETER) ?? FIRST;
  const { refusals, divergences } = useDoubts(host);
  const tabs: readonly (readonly [string, string, number?])[] = [
    ["receipts", "Receipts"],
    ["refusals", "Refusals", refusals],
    ["divergences", "Divergences", divergences],
    ["detections", "Detections"],
    ["contacts", "Contacts"],
    ["statements", "Statements"],
    ["clones", "Clones", host.cloned],
  ];
  return (
    <Panel title="Its story">
      <Tabs
        label="Its story"
        tabs={tabs.map(([id, name, bad = 0]) => ({
          id,
          says: (
            <>
              {name} {bad > 0 && <Badge tone="bad">{bad}</Badge>}
            </>
          ),
        }))}
        shown={shown}
        onShow={(id) => setQuery({ [PARAMETER]: id })}
      >
        <Shelf host={host} shown={shown} />
      </Tabs>
    </Panel>
  );
}

/** What is seldom there, and never good. */
function useDoubts({ id }: Host) {
  const asked = { agent: id, limit: 1_000 };
  const refusals = useAsked<Page<unknown>>(apiPath("/refusals", asked));
  const divergences = useAsked<Page<unknown>>(apiPath("/divergences", asked));
  return {
    refusals: refusals.data?.items.length ?? 0,
    divergences: divergences.data?.items.length ?? 0,
  };
}

function Shelf({
  host,
  shown,
}: {
  readonly host: Host;
  readonly shown: string;
}) {
  const shelves: Readonly<Record<string, ComponentChildren>> = {
    refusals: <PastTable past={REFUSALS} host={host} />,
    divergences: <PastTable past={DIVERGENCES} host={host} />,
    detections: <PastTable past={DETECTIONS} host={host} />,
    contacts: <PastTable past={CONTACTS} host={host} />,
    statements: <PastTable past={STATEMENTS} host={host} />,
    clones: <PastTable past={CLONES} host={host} />,
  };
  return shelves[shown] ?? <PastTable past={RECEIPTS} host={host} />;
}

/** How many rows of each list are seen. */
const MOST = 30;

function PastTable<T>({
  past,
  host,
}: {
  readonly past: Past<T>;
  readonly host: Host;
}) {
  const asked = useAsked<Page<T>>(past.pathOf(host.id), { every: 5_000 });
  return (
    <Shown asked={asked}>
      {({ items }) => {
        const rows = past.newest(items, host.id).slice(0, MOST);
        if (rows.length === 0) return <Nothing>{past.nothing}</Nothing>;
        const { label, columns, keyOf } = past;
        return <PlainTable {...{ label, columns, rows, keyOf }} />;
      }}
    </Shown>
  );
}
