import { useState } from "preact/hooks";
import type { Why } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { BanDialog } from "../../parts/ban-dialog.js";
import { Head, Nothing, Panel, Shown } from "../../parts/bits.js";
import { isOwnFeed } from "../../parts/feed-said.js";
import { LiftDialog } from "../../parts/lift-dialog.js";
import { query } from "../../router.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { AddressField } from "./address-field.js";
import { rangeOf } from "./around.js";
import { BansPanel } from "./bans-panel.js";
import { DecisionsPanel } from "./decisions-panel.js";
import { NeighboursPanel } from "./neighbours.js";
import { ContactsPanel, ReportsPanel } from "./reports.js";
import { ContestsPanel, GuardsPanel, ListsPanel } from "./said-of-it.js";
import { HitsPanel, SeenPanel } from "./seen.js";
import { Verdict } from "./verdict.js";

/** All that is known of an address, or of a range, and what can be done about it. */
export function Address() {
  const of = query.value.get("of") ?? "";
  const range = rangeOf(of);
  if (range !== undefined) return <Known key={range} range={range} />;
  return (
    <div class="view address">
      <Head title={of === "" ? "An address" : "No address"} />
      {of !== "" && (
        <p class="failure" role="alert">
          {of} is neither an address nor a range of some.
        </p>
      )}
      <Panel title="Which one?">
        <AddressField />
        <Nothing>
          Here is all that hosts have seen of it, what bans it and why, and who
          holds that.
        </Nothing>
      </Panel>
    </div>
  );
}

/** Milliseconds: attackers that are at work are seen at it. */
const EVERY = 4_000;

function Known({ range }: { readonly range: string }) {
  const asked = useAsked<Why>(apiPath("/why", { range }), {
    ...{ every: EVERY, on: ["decided", "undone", "contest"] },
  });
  return (
    <div class="view address">
      <Head title={<span class="mono">{range}</span>}>
        <Orders range={range} bans={asked.data?.bans ?? []} />
      </Head>
      <Shown asked={asked}>
        {(why) => (
          <>
            <Verdict why={why} />
            <BansPanel why={why} />
            <div class="panels">
              <SeenPanel seen={why.seen} />
              <HitsPanel hits={why.hits} />
            </div>
            <DecisionsPanel range={range} />
            <div class="panels">
              <GuardsPanel guarded={why.guarded} />
              <ListsPanel why={why} />
              <ContestsPanel contests={why.contests} />
            </div>
          </>
        )}
      </Shown>
      <div class="panels">
        <ReportsPanel range={range} />
        <ContactsPanel range={range} />
      </div>
      <NeighboursPanel range={range} />
      <Panel title="Another address">
        <AddressField />
      </Panel>
    </div>
  );
}

type Order = "ban" | "observe" | "release";

/** What may be ordered of it, each after showing what it would do. */
function Orders({
  range,
  bans,
}: {
  readonly range: string;
  readonly bans: Why["bans"];
}) {
  const [order, setOrder] = useState<Order | undefined>();
  if (!may("actuator")) return null;
  const own = [...new Set(bans.map(({ feed }) => feed))].filter(isOwnFeed);
  const close = () => setOrder(undefined);
  return (
    <>
      <button type="button" onClick={() => setOrder("ban")}>
        Ban…
      </button>
      <button type="button" onClick={() => setOrder("observe")}>
        Observe…
      </button>
      <button
        type="button"
        disabled={own.length === 0}
        onClick={() => setOrder("release")}
      >
        Release…
      </button>
      {order === "release" && (
        <LiftDialog range={range} feeds={own} onClose={close} />
      )}
      {(order === "ban" || order === "observe") && (
        <BanDialog
          ranges={[range]}
          observe={order === "observe"}
          onClose={close}
        />
      )}
    </>
  );
}
