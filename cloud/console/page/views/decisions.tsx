import { DECISIONS } from "../../../query/lists/decisions.js";
import type { Decision } from "../api-types.js";
import { Badge } from "../parts/bits.js";
import { titleOf } from "../parts/decided-said.js";
import { ListView } from "../parts/list-view.js";
import type { Column } from "../parts/long-list.js";
import { Time, Until } from "../parts/time.js";
import { to } from "../router.js";

const COLUMNS: readonly Column<Decision>[] = [
  {
    ...{ id: "what", head: "Decision", width: "minmax(10rem, 1.2fr)" },
    cell: titleOf,
  },
  {
    ...{ id: "when", head: "Decided", width: "7rem" },
    cell: ({ decidedAt }) => <Time at={decidedAt} />,
  },
  {
    ...{ id: "feed", head: "Feed", width: "8rem" },
    ...{ onlyWide: true, cell: ({ feed }) => <Badge>{feed}</Badge> },
  },
  {
    ...{ id: "by", head: "By", width: "10rem", onlyWide: true },
    cell: ({ by }) => by ?? "the vendor",
  },
  {
    ...{ id: "why", head: "Why", width: "2fr", onlyWide: true },
    cell: ({ reason }) => <span title={reason}>{reason}</span>,
  },
  {
    ...{ id: "ends", head: "Ends", width: "7rem" },
    cell: ({ action, until }) =>
      action === "lift" ? "" : <Until at={until} />,
  },
];

/** Who decided what, newest first. */
export function Decisions() {
  return (
    <ListView<Decision>
      title="Decisions"
      path="/decisions"
      list={DECISIONS}
      columns={COLUMNS}
      keyOf={({ decision }) => decision}
      hrefOf={({ decision }) => to(`/decisions/${decision}`)}
      on={["decided"]}
      nothing="There is no such decision. One is made when somebody bans an address or imports a list, or when a rule has seen enough."
    />
  );
}
