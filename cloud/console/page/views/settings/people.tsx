import { useState } from "preact/hooks";
import type { Operator, Page } from "../../api-types.js";
import { Badge, Head, Nothing, Shown, counted } from "../../parts/bits.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor, may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { AddPersonDialog } from "./add-person.js";
import { SettingsFrame } from "./frame.js";

/** As many as a cloud has room for. */
const ALL = "/operators?limit=1000";

/** Who works with the cloud. */
export function People() {
  const asked = useAsked<Page<Operator>>(ALL, { on: ["people"] });
  const [isAdding, setAdding] = useState(false);
  return (
    <SettingsFrame>
      <Head title="People">
        {asked.data !== undefined && (
          <span class="faint">
            {counted(asked.data.items.length, "person or machine", "in all")}
          </span>
        )}
        {may("admin") && (
          <button type="button" class="main" onClick={() => setAdding(true)}>
            Let somebody in…
          </button>
        )}
      </Head>
      <Shown asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>Nobody is here.</Nothing>
          ) : (
            <PlainTable
              label="People and machines"
              columns={COLUMNS.filter(
                ({ head }) => isVendor.value || head !== "Of",
              )}
              rows={items}
              keyOf={({ id }) => id}
            />
          )
        }
      </Shown>
      {isAdding && <AddPersonDialog onClose={() => setAdding(false)} />}
    </SettingsFrame>
  );
}

const COLUMNS: readonly PlainColumn<Operator>[] = [
  {
    head: "Name",
    cell: ({ id, name }) => <a href={to(`/settings/people/${id}`)}>{name}</a>,
  },
  { head: "Role", cell: ({ role }) => role },
  {
    head: "Of",
    cell: ({ org }) => org ?? <span class="faint">the vendor</span>,
  },
  {
    head: "State",
    cell: ({ disabledAt }) =>
      disabledAt === null ? (
        <Badge tone="good">may sign in</Badge>
      ) : (
        <Badge>disabled</Badge>
      ),
  },
  {
    head: "Let in",
    cell: ({ addedAt, addedBy }) => (
      <>
        <Time at={addedAt} as="date" /> <span class="faint">by {addedBy}</span>
      </>
    ),
  },
];
