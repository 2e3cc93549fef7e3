import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Badge } from "../../parts/bits.js";
import { ListView } from "../../parts/list-view.js";
import type { Column } from "../../parts/long-list.js";
import { Time } from "../../parts/time.js";
import { GlassDialog } from "./glass-dialog.js";
import { deedOf, verdictOf, type Glass } from "./glass-texts.js";

/** What one person did that takes two, and what another found of it. */
export function GlassList({ tabs }: { readonly tabs: ComponentChildren }) {
  const [open, setOpen] = useState<Glass | undefined>();
  return (
    <>
      <ListView<Glass>
        title="Proposals"
        path="/break-glass"
        columns={COLUMNS}
        keyOf={({ glass }) => glass}
        onOpen={setOpen}
        on={["glass"]}
        more={{ all: "true" }}
        nothing="Nobody ever did alone what takes two persons."
      >
        {tabs}
      </ListView>
      {open !== undefined && (
        <GlassDialog glass={open} onClose={() => setOpen(undefined)} />
      )}
    </>
  );
}

const COLUMNS: readonly Column<Glass>[] = [
  {
    ...{ id: "deed", head: "What", width: "minmax(9rem, 1.2fr)" },
    cell: deedOf,
  },
  {
    ...{ id: "verdict", head: "Review", width: "9rem" },
    cell: (glass) => {
      const [says, tone] = verdictOf(glass);
      return <Badge tone={tone}>{says}</Badge>;
    },
  },
  { id: "by", head: "By", width: "minmax(5rem, 0.6fr)", cell: ({ by }) => by },
  {
    ...{ id: "why", head: "Why alone", width: "minmax(8rem, 2fr)" },
    ...{ cell: ({ why }) => why, onlyWide: true },
  },
  {
    ...{ id: "when", head: "When", width: "6rem" },
    cell: ({ brokenAt }) => <Time at={brokenAt} />,
  },
];
