import { Nothing, count, counted } from "../../parts/bits.js";
import { HostLink } from "../../parts/host-link.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { localTime } from "../../parts/time.js";
import { ModeBadge, StateBadge } from "../fleet/host-words.js";
import type { Month } from "./told.js";

/** What came of bans that somebody said are wrong. */
export function Contests({ contests }: Pick<Month, "contests">) {
  const { opened, released, shortened, refused, waiting } = contests;
  if (opened === 0) return <Nothing>Nobody called a ban wrong.</Nothing>;
  return (
    <p>
      {counted(opened, "time")}: {count(released)} were released,{" "}
      {count(shortened)} shortened, {count(refused)} refused, and{" "}
      {count(waiting)} wait for an answer.
    </p>
  );
}

type Unwell = Month["hosts"]["first"][number];

const UNWELL: readonly PlainColumn<Unwell>[] = [
  { head: "Host", cell: (host) => <HostLink host={host} /> },
  { head: "State", cell: ({ state }) => <StateBadge state={state} /> },
  { head: "Does", cell: ({ mode }) => <ModeBadge mode={mode} /> },
  {
    head: "Wrong with it",
    cell: ({ troubles }) => troubles.join(", ") || "nothing that it says",
  },
  {
    head: "Heard last",
    cell: ({ lastSeen }) => (lastSeen === null ? "never" : localTime(lastSeen)),
  },
];

export function Hosts({ month: { hosts } }: { readonly month: Month }) {
  if (hosts.unwell === 0) return <Nothing>All are well, now.</Nothing>;
  return (
    <>
      <PlainTable
        label="Hosts that are not well"
        columns={UNWELL}
        rows={hosts.first}
        keyOf={({ agent }) => agent}
      />
      <p class="sheet-note">
        As of now
        {hosts.unwell > hosts.first.length &&
          `; the first ${hosts.first.length} of ${count(hosts.unwell)}`}
        .
      </p>
    </>
  );
}
