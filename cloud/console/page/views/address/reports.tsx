import type { Answers, Page } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { Badge, count, Nothing, Panel, Shown } from "../../parts/bits.js";
import { HostLink } from "../../parts/host-link.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time } from "../../parts/time.js";
import { useAsked } from "../../use-asked.js";

type Item<A> = A extends { readonly items: readonly (infer T)[] } ? T : never;
type Detection = Item<Answers["listDetections"]>;
type Contact = Item<Answers["listContacts"]>;

const A_FEW = 12;

/** Milliseconds. */
const EVERY = 5_000;

const DID: Readonly<Record<Detection["action"], string>> = {
  ...{ banned: "banned it", held: "held its own ban", none: "only told" },
};

const REPORTS: readonly PlainColumn<Detection>[] = [
  { head: "When", cell: ({ time }) => <Time at={time} /> },
  { head: "Host", cell: (host) => <HostLink host={host} /> },
  { head: "Customer", cell: ({ org }) => org },
  { head: "Sensor", cell: ({ sensor }) => sensor },
  {
    ...{ head: "Failures", isNumber: true },
    cell: (each) => count(each.count),
  },
  {
    head: "The host",
    cell: ({ action, rule }) => (
      <>
        {DID[action]} {rule !== null && <Badge tone="warn">{rule}</Badge>}
      </>
    ),
  },
];

/** What sensors told of it, report by report. */
export function ReportsPanel({ range }: { readonly range: string }) {
  const asked = useAsked<Page<Detection>>(
    apiPath("/detections", { range, limit: A_FEW }),
    { every: EVERY },
  );
  return (
    <Panel title="Reports of hosts">
      <Shown asked={asked}>
        {({ items, total = items.length }) =>
          items.length === 0 ? (
            <Nothing>No report of it is kept.</Nothing>
          ) : (
            <>
              <PlainTable
                label="Reports of hosts"
                columns={REPORTS}
                rows={items}
                keyOf={({ seq, nth }) => `${seq}.${nth}`}
              />
              {total > items.length && (
                <p class="nothing">The newest of {count(total)} reports.</p>
              )}
            </>
          )
        }
      </Shown>
    </Panel>
  );
}

const CONTACTS: readonly PlainColumn<Contact>[] = [
  { head: "When", cell: ({ time }) => <Time at={time} /> },
  { head: "Host", cell: (host) => <HostLink host={host} /> },
  { head: "Customer", cell: ({ org }) => org },
  {
    head: "Process",
    cell: ({ process, unit, container }) =>
      process ?? unit ?? container ?? <span class="faint">not known</span>,
  },
  { ...{ head: "Port", isNumber: true }, cell: ({ port }) => port },
  {
    ...{ head: "Packets", isNumber: true },
    cell: ({ packets }) => count(packets),
  },
];

/** Which processes of hosts called it though it is banned. */
export function ContactsPanel({ range }: { readonly range: string }) {
  const asked = useAsked<Page<Contact>>(
    apiPath("/contacts", { range, limit: A_FEW }),
    { every: EVERY },
  );
  return (
    <Panel title="Hosts that called it">
      <Shown asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>
              No process of a host has called it while it was banned.
            </Nothing>
          ) : (
            <PlainTable
              label="Hosts that called it"
              columns={CONTACTS}
              rows={items}
              keyOf={({ seq, nth }) => `${seq}.${nth}`}
            />
          )
        }
      </Shown>
    </Panel>
  );
}
