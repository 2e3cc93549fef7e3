import { useState } from "preact/hooks";
import { CONTESTS } from "../../../../query/lists/contests.js";
import type { Contest } from "../../api-types.js";
import { Badge } from "../../parts/bits.js";
import { ListView } from "../../parts/list-view.js";
import type { Column } from "../../parts/long-list.js";
import { PartLinks, shownPart, type Part } from "../../parts/part-links.js";
import { Time, Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { may } from "../../session.js";
import { CodeDialog } from "./code-dialog.js";
import { byUrgency, stateOf } from "./contest-texts.js";
import { OpenDialog } from "./open-dialog.js";

const TABS: readonly Part[] = [
  { name: "To be answered", show: "" },
  { name: "All", show: "all" },
];

/** As many as wait at most. */
const ALL_THAT_WAIT = "1000";

/** Bans that somebody says are wrong. */
export function Contests() {
  const shown = shownPart();
  const isAll = shown === "all";
  return (
    <ListView<Contest>
      key={shown}
      title="Contests"
      path="/contests"
      list={CONTESTS}
      columns={isAll ? ALL : OPEN}
      keyOf={({ contest }) => contest}
      hrefOf={({ contest }) => to(`/contests/${contest}`)}
      on={["contest"]}
      more={isAll ? { all: "true" } : { limit: ALL_THAT_WAIT }}
      {...(!isAll && { arrange: byUrgency })}
      nothing={
        isAll
          ? "Nobody ever said that a ban was wrong."
          : "Nobody waits for an answer. Who says that they are banned wrongly is heard here."
      }
    >
      <PartLinks label="Which contests" of={TABS} />
      {may("analyst") && <NewContest />}
    </ListView>
  );
}

function NewContest() {
  const [open, setOpen] = useState<"code" | "contest" | undefined>();
  const close = () => setOpen(undefined);
  return (
    <>
      <button type="button" onClick={() => setOpen("contest")}>
        Open one for somebody…
      </button>
      <button type="button" onClick={() => setOpen("code")}>
        Give out a code…
      </button>
      {open === "contest" && <OpenDialog onClose={close} />}
      {open === "code" && <CodeDialog onClose={close} />}
    </>
  );
}

const address: Column<Contest> = {
  ...{ id: "address", head: "Address", width: "minmax(8.5rem, 0.8fr)" },
  cell: (each) => <span class="mono">{each.address}</span>,
};
const state: Column<Contest> = {
  ...{ id: "state", head: "State", width: "6rem" },
  cell: (each) => {
    const [says, tone] = stateOf(each);
    return <Badge tone={tone}>{says}</Badge>;
  },
};
const why: Column<Contest> = {
  ...{ id: "why", head: "What they say", width: "minmax(8rem, 2.2fr)" },
  ...{ cell: (each) => each.why, onlyWide: true },
};
const by: Column<Contest> = {
  ...{ id: "by", head: "Opened by", width: "minmax(6rem, 0.7fr)" },
  ...{ cell: ({ openedBy }) => openedBy, onlyWide: true },
};
const opened: Column<Contest> = {
  ...{ id: "opened", head: "Opened", width: "6rem", onlyWide: true },
  cell: ({ openedAt }) => <Time at={openedAt} />,
};
const due: Column<Contest> = {
  ...{ id: "due", head: "Answer due", width: "7.5rem" },
  cell: ({ answerBy }) => <Until at={answerBy} />,
};
const answered: Column<Contest> = {
  ...{ id: "answered", head: "Answered", width: "minmax(7rem, 0.8fr)" },
  cell: ({ answeredAt, answeredBy }) =>
    answeredAt !== null && (
      <>
        {answeredBy}, <Time at={answeredAt} />
      </>
    ),
};

const OPEN = [address, state, why, by, opened, due];
const ALL = [address, state, why, by, opened, answered];
