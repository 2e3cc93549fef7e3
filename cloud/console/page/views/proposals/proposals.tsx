import { PROPOSALS } from "../../../../query/lists/proposals.js";
import type { Proposal } from "../../api-types.js";
import { Badge } from "../../parts/bits.js";
import { ListView } from "../../parts/list-view.js";
import type { Column } from "../../parts/long-list.js";
import { PartLinks, shownPart, type Part } from "../../parts/part-links.js";
import { Time, Until, now } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import { GlassList } from "./glass-list.js";
import { STATES, dangersOf, stateOf, whatOf, whoOf } from "./proposal-texts.js";

const TABS: readonly Part[] = [
  { name: "What waits", show: "" },
  { name: "All", show: "all" },
  { name: "Done by one person", show: "alone" },
];

/** What waits for somebody's yes or no, and what became of it. */
export function Proposals() {
  const shown = shownPart();
  const tabs = (
    <PartLinks
      label="Which proposals"
      of={isVendor.value ? TABS : TABS.slice(0, 2)}
    />
  );
  if (shown === "alone" && isVendor.value) return <GlassList tabs={tabs} />;
  return (
    <ListView<Proposal>
      key={shown}
      title="Proposals"
      path="/proposals"
      list={PROPOSALS}
      columns={shown === "all" ? ALL : WAITING}
      keyOf={({ id }) => id}
      hrefOf={({ id }) => to(`/proposals/${id}`)}
      on={["proposal"]}
      more={{ all: shown === "all" ? "true" : undefined }}
      nothing={
        shown === "all"
          ? "Nothing was ever put before a second person, or it was long ago."
          : "Nothing waits. What a rule may not decide by itself, and what takes two persons, comes here."
      }
    >
      {tabs}
    </ListView>
  );
}

const what: Column<Proposal> = {
  ...{ id: "what", head: "What", width: "minmax(11rem, 1.2fr)" },
  cell: whatOf,
};
const state: Column<Proposal> = {
  ...{ id: "state", head: "State", width: "5.5rem" },
  cell: (each) => {
    const [says, tone] = STATES[stateOf(each, now.value)];
    return <Badge tone={tone}>{says}</Badge>;
  },
};
const by: Column<Proposal> = {
  ...{ id: "by", head: "By", width: "minmax(6rem, 0.7fr)" },
  cell: whoOf,
};
const reason: Column<Proposal> = {
  ...{ id: "reason", head: "Why", width: "minmax(8rem, 1.6fr)" },
  ...{ cell: (each) => each.reason, onlyWide: true },
};
const dangers: Column<Proposal> = {
  ...{ id: "dangers", head: "Why it needs a person" },
  ...{ width: "minmax(8rem, 1.6fr)", onlyWide: true },
  cell: (each) => dangersOf(each).join(" "),
};
const proposed: Column<Proposal> = {
  ...{ id: "proposed", head: "Proposed", width: "6rem", onlyWide: true },
  cell: ({ proposedAt }) => <Time at={proposedAt} />,
};
const expires: Column<Proposal> = {
  ...{ id: "expires", head: "Runs out", width: "5rem" },
  cell: ({ expiresAt }) => <Until at={expiresAt} />,
};
const settled: Column<Proposal> = {
  ...{ id: "settled", head: "Settled", width: "minmax(7rem, 0.8fr)" },
  onlyWide: true,
  cell: ({ settledAt, settledBy }) =>
    settledAt !== null && (
      <>
        {settledBy}, <Time at={settledAt} />
      </>
    ),
};

const WAITING = [what, by, reason, dangers, proposed, expires];
const ALL = [what, state, by, reason, proposed, settled];
