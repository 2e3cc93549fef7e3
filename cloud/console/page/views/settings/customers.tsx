import { useState } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import { Head, Nothing, Shown, count } from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { TextField } from "../../parts/fields.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { to } from "../../router.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { SettingsFrame } from "./frame.js";

type Org = Answers["listOrgs"]["items"][number];
type Counts = Answers["countHosts"]["orgs"][number];

/** Whose hosts are protected. */
export function Customers() {
  const asked = useAsked<Page<Org>>("/orgs", { on: ["org"] });
  const { data: fleet } = useAsked<Answers["countHosts"]>("/fleet");
  const [isAdding, setAdding] = useState(false);
  const counts = new Map(fleet?.orgs.map((each) => [each.org, each]));
  return (
    <SettingsFrame>
      <Head title="Customers">
        {may("admin") && (
          <button type="button" class="main" onClick={() => setAdding(true)}>
            Add a customer…
          </button>
        )}
      </Head>
      <Shown asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>
              There is none yet. Add the first, and make enrolment tokens for
              its hosts.
            </Nothing>
          ) : (
            <PlainTable
              label="Customers"
              columns={columnsBy(counts)}
              rows={items}
              keyOf={({ id }) => id}
            />
          )
        }
      </Shown>
      {isAdding && (
        <AddDialog onClose={() => setAdding(false)} onDone={asked.refresh} />
      )}
    </SettingsFrame>
  );
}

const columnsBy = (
  counts: ReadonlyMap<string, Counts>,
): readonly PlainColumn<Org>[] => [
  { head: "Name", cell: ({ name }) => name },
  { head: "Id", cell: ({ id }) => <code>{id}</code> },
  {
    ...{ head: "Hosts", isNumber: true },
    cell: ({ id }) => (
      <a href={to("/fleet", { q: `org:${id}` })}>
        {count(counts.get(id)?.hosts ?? 0)}
      </a>
    ),
  },
  {
    ...{ head: "Not well", isNumber: true },
    cell: ({ id }) => count(counts.get(id)?.unhealthy ?? 0),
  },
  {
    head: "See also",
    cell: ({ id }) => (
      <span class="tags">
        <a href={to(`/settings/policies/${id}`)}>policy</a>
        <a href={to("/settings/enrolment", { org: id })}>new hosts</a>
        <a href={to("/report", { org: id })}>report</a>
      </span>
    ),
  },
];

function AddDialog({
  onClose,
  onDone,
}: {
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const [name, setName] = useState("");
  const [id, setId] = useState("");
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: "Add a customer",
        ...{ verb: "Add them", method: "POST", path: "/orgs", onDone },
        bodyOf: () => ({ name, ...(id !== "" && { id }) }),
        isReady: name.trim() !== "",
        done: `${name} is a customer`,
        children: (
          <>
            <TextField label="Name" value={name} onChange={setName} />
            <TextField
              label="Id (may be left out)"
              hint="Small letters, digits and -. It stands in feeds and on hosts, and never changes."
              value={id}
              onChange={setId}
            />
          </>
        ),
      }}
    />
  );
}
