import type { ComponentChildren } from "preact";
import type { Ban } from "../../api-types.js";
import { Badge } from "../../parts/bits.js";
import { feedSaid } from "../../parts/feed-said.js";
import type { Column } from "../../parts/long-list.js";
import { Time, Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor, may } from "../../session.js";

/** What was a ban when the list was read, and ended before it was looked at. */
export const GONE = "gone";
export type Row = Ban | typeof GONE;

const none = <span class="faint">–</span>;

const column = (
  { cell, ...rest }: Column<Ban>,
  gone: ComponentChildren = null,
): Column<Row> => ({
  ...rest,
  cell: (row) => (row === GONE ? gone : cell(row)),
});

const RANGE = column(
  {
    ...{ id: "range", head: "Address or range", sort: "range" },
    width: "minmax(12rem, 1fr)",
    cell: ({ range }) => (
      <span class="mono" title={range}>
        {range}
      </span>
    ),
  },
  <span class="faint">ended meanwhile</span>,
);

const FEED = column({
  ...{ id: "feed", head: "For", sort: "place", onlyWide: true },
  width: "minmax(7rem, 0.9fr)",
  cell: ({ feed }) => <span title={`feed ${feed}`}>{feedSaid(feed)}</span>,
});

const REASON = column({
  ...{ id: "reason", head: "Why", width: "minmax(4rem, 2fr)" },
  cell: ({ reason, observed, rings }) => (
    <span title={reason}>
      {observed && (
        <>
          <Badge>only counted</Badge>{" "}
        </>
      )}
      {rings !== null && (
        <>
          <Badge>ring by ring</Badge>{" "}
        </>
      )}
      {reason === "" ? none : reason}
    </span>
  ),
});

const BY = column({
  ...{ id: "by", head: "By", width: "minmax(5rem, 0.8fr)", onlyWide: true },
  cell: ({ by }) =>
    typeof by === "string" ? <span title={by}>{by}</span> : unnamed(),
});

/** Customers are not told who of the vendor it was; of old ones nobody knows. */
const unnamed = () =>
  isVendor.value ? none : <span class="faint">the vendor</span>;

const SINCE: Column<Ban> = {
  ...{ id: "since", head: "Decided", sort: "newest", onlyWide: true },
  width: "6.5rem",
  cell: ({ since }) => <Time at={since} />,
};

/** With the way to the decision, and what it was decided on. */
const DECISION = column({
  ...SINCE,
  cell: ({ since, decision }) => (
    <a href={to(`/decisions/${decision}`)} title={decision}>
      <Time at={since} />
    </a>
  ),
});

const UNTIL = column({
  ...{ id: "until", head: "Ends", width: "5rem", sort: "until" },
  cell: ({ until }) => <Until at={until} />,
});

/** For those who see decisions, and for partners, who see what is banned alone. */
export const banColumns = (): readonly Column<Row>[] =>
  may("viewer")
    ? [RANGE, FEED, REASON, BY, DECISION, UNTIL]
    : [RANGE, FEED, REASON, column(SINCE), UNTIL];
