import { AUDIT } from "../../../../query/lists/audit.js";
import type { Call, Operator, Page } from "../../api-types.js";
import { ListView } from "../../parts/list-view.js";
import type { Column } from "../../parts/long-list.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";
import { keepCall } from "./kept-call.js";

/** Who changed what, when, from where, and why. */
export function Audit() {
  const { data } = useAsked<Page<Operator>>("/operators?limit=1000");
  const people = data?.items ?? [];
  const orgs = people.flatMap(({ org }) => (org === null ? [] : [org]));
  return (
    <ListView<Call>
      title="Audit"
      path="/audit"
      list={AUDIT}
      known={{ by: people.map(({ name }) => name), org: [...new Set(orgs)] }}
      columns={COLUMNS}
      keyOf={({ call }) => call}
      hrefOf={({ call }) => to(`/audit/${call}`)}
      onOpen={keepCall}
      on={["decided", "proposal", "people", "rules", "policy", "agent", "org"]}
      nothing="Nobody has changed anything that is like that."
    />
  );
}

const COLUMNS: readonly Column<Call>[] = [
  {
    ...{ id: "at", head: "When", width: "7rem" },
    cell: ({ at }) => <Time at={at} />,
  },
  {
    ...{ id: "who", head: "Who", width: "minmax(6rem, 1fr)" },
    cell: ({ name, role, org }) => (
      <span title={`${role} of ${org ?? "the vendor"}`}>
        {name} <span class="faint">{org ?? ""}</span>
      </span>
    ),
  },
  {
    ...{ id: "what", head: "Called for", width: "minmax(7rem, 1.3fr)" },
    cell: ({ operation }) => operation,
  },
  {
    ...{ id: "came", head: "What came of it", width: "minmax(8rem, 3fr)" },
    onlyWide: true,
    cell: cameOf,
  },
  {
    ...{ id: "why", head: "Why", width: "minmax(6rem, 2fr)", onlyWide: true },
    cell: ({ why }) => <span title={why}>{why}</span>,
  },
  {
    ...{ id: "from", head: "From", width: "10.5rem", onlyWide: true },
    cell: ({ from }) => placeSays(from),
  },
];

function cameOf({ after }: Call) {
  const [first] = after;
  if (first === undefined) return <span class="faint">nothing changed</span>;
  const more = after.length - 1;
  return (
    <span title={first.says}>
      {first.says}
      {more > 0 && <span class="faint"> and {more} more</span>}
    </span>
  );
}

/** Where a call came from. */
export const placeSays = (from: string): string =>
  from === "socket" ? "the cloud's own socket" : from;
