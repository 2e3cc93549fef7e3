import type { Why } from "../../api-types.js";
import { Badge, count, counted, Nothing, Panel } from "../../parts/bits.js";
import { feedSaid } from "../../parts/feed-said.js";
import { heldSaid } from "../../parts/held-said.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time, Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";

/** Guards of hosts that would not, or did not, let a ban on it in. */
export function GuardsPanel({ guarded }: { readonly guarded: Why["guarded"] }) {
  return (
    <Panel title="Guards that held it back">
      {guarded.length === 0 ? (
        <Nothing>No host’s guard has held a ban on it back.</Nothing>
      ) : (
        <ul class="sentences">
          {guarded.map(({ org, rule, hosts, lastSaid }) => (
            <li key={`${org} ${rule}`}>
              {counted(hosts, "host")} of {org} (<Time at={lastSaid} />,{" "}
              <Badge tone="warn">{rule}</Badge>): {heldSaid(rule)}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

type Named = Why["lists"][number];

const LISTS: readonly PlainColumn<Named>[] = [
  { head: "List", cell: ({ list }) => list },
  { head: "As", cell: ({ range }) => <span class="mono">{range}</span> },
  { head: "For", cell: ({ feed }) => feedSaid(feed) },
  { head: "Ends", cell: ({ until }) => <Until at={until} /> },
];

/** Lists that name it, as they were imported last. */
export function ListsPanel({
  why: { lists, listsTotal },
}: {
  readonly why: Why;
}) {
  const more = listsTotal - lists.length;
  return (
    <Panel title="Lists that name it">
      {lists.length === 0 ? (
        <Nothing>No list that was imported has it.</Nothing>
      ) : (
        <PlainTable
          label="Lists that name it"
          columns={LISTS}
          rows={lists}
          keyOf={({ feed, list, range }) => `${feed} ${list} ${range}`}
        />
      )}
      {more > 0 && <p class="nothing">and {count(more)} more</p>}
    </Panel>
  );
}

/** Who says that it is banned wrongly: told to the vendor's people. */
export function ContestsPanel({
  contests,
}: {
  readonly contests: Why["contests"];
}) {
  if (!isVendor.value) return null;
  return (
    <Panel title="Contests">
      {contests.length === 0 ? (
        <Nothing>Nobody has said that it is banned wrongly.</Nothing>
      ) : (
        <ul class="sentences">
          {contests.map((each) => (
            <li key={each.contest}>
              <a href={to(`/contests/${each.contest}`)}>{each.contest}</a>{" "}
              <ContestState contest={each} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function ContestState({
  contest: { verdict, isOverdue, openedAt, answerBy },
}: {
  readonly contest: Why["contests"][number];
}) {
  const opened = (
    <>
      opened <Time at={openedAt} />
    </>
  );
  if (verdict !== null) {
    return (
      <>
        <Badge>{verdict}</Badge> {opened}
      </>
    );
  }
  return (
    <>
      <Badge tone={isOverdue ? "bad" : "warn"}>
        {isOverdue ? "overdue" : "waits"}
      </Badge>{" "}
      {opened}, answer due <Until at={answerBy} />
    </>
  );
}
