import type { Decision, Page } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { count, Nothing, Panel, Shown } from "../../parts/bits.js";
import { titleOf } from "../../parts/decided-said.js";
import { feedSaid } from "../../parts/feed-said.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";

const A_FEW = 8;

const COLUMNS: readonly PlainColumn<Decision>[] = [
  { head: "When", cell: ({ decidedAt }) => <Time at={decidedAt} as="date" /> },
  {
    head: "Decision",
    cell: (each) => (
      <a href={to(`/decisions/${each.decision}`)}>{titleOf(each)}</a>
    ),
  },
  { head: "For", cell: ({ feed }) => feedSaid(feed) },
  { head: "By", cell: ({ by }) => by ?? "the vendor" },
  { head: "Why", cell: ({ reason }) => reason },
];

/** What was decided of it, the newest first. */
export function DecisionsPanel({ range }: { readonly range: string }) {
  const q = `range:${range}`;
  const asked = useAsked<Page<Decision>>(
    apiPath("/decisions", { q, limit: A_FEW }),
    { on: ["decided", "undone"] },
  );
  return (
    <Panel title="Decisions that name it">
      <Shown asked={asked}>
        {({ items, next, total = 0 }) => (
          <>
            {items.length === 0 ? (
              <Nothing>
                None does by name, at least among its first few ranges.
              </Nothing>
            ) : (
              <PlainTable
                label="Decisions that name it"
                columns={COLUMNS}
                rows={items}
                keyOf={({ decision }) => decision}
              />
            )}
            {next !== null && (
              <p class="nothing">
                <a href={to("/decisions", { q })}>
                  {total > items.length ? `All ${count(total)}` : "All of them"}
                </a>
              </p>
            )}
          </>
        )}
      </Shown>
    </Panel>
  );
}
