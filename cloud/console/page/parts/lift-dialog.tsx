import { useState } from "preact/hooks";
import type { Lifted } from "../api-types.js";
import { feedSaid } from "./feed-said.js";
import { ChoiceField } from "./fields.js";
import { liftEffectSaid } from "./order-said.js";
import { OrderDialog, type OrderPlan } from "./order.js";
import { Until } from "./time.js";

/** All that one may order in, as a choice beside single feeds. */
const ALL = "all";

/** Takes bans back before they end, after showing what that leaves. */
export function LiftDialog({
  range,
  feeds,
  onClose,
  onDone,
}: {
  readonly range: string;
  /** In which it is banned, of those that one may order in. */
  readonly feeds: readonly string[];
  readonly onClose: () => void;
  readonly onDone?: () => void;
}) {
  const [feed, setFeed] = useState(
    feeds.length === 1 ? (feeds[0] ?? ALL) : ALL,
  );
  const [within, setWithin] = useState(false);
  const plan: OrderPlan<Lifted> = {
    title: `Release ${range}`,
    verb: "Release it",
    ...{ method: "POST", path: "/lifts", foresees: true, breaksGlass: true },
    bodyOf: (reason) => ({
      ...{ range, reason, within },
      ...(feed === ALL ? { allFeeds: true } : { feed }),
    }),
    foreseen: (answer) => <Foreseen answer={answer} />,
    fateOf: ({ decisions, ...answer }) => {
      if ("proposal" in answer) {
        return { kind: "waits", proposal: String(answer.proposal) };
      }
      if (decisions.length === 0) return { kind: "nothing" };
      const ids = decisions.map(({ decision }) => decision);
      return { kind: "done", says: "It is decided", decisions: ids };
    },
    children: (
      <div class="row">
        <ChoiceField
          label="The bans for"
          value={feed}
          choices={[
            ...feeds.map(
              (each) => [each, `${feedSaid(each)} (${each})`] as const,
            ),
            [ALL, "all whose bans are yours to lift"],
          ]}
          onChange={setFeed}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={within}
            onChange={({ currentTarget }) => setWithin(currentTarget.checked)}
          />
          And bans that lie inside it
        </label>
      </div>
    ),
    ...(onDone && { onDone }),
  };
  return <OrderDialog plan={plan} onClose={onClose} />;
}

function Foreseen({ answer: { effects } }: { readonly answer: Lifted }) {
  return (
    <>
      {effects.map((each) => (
        <p key={each.range}>
          <span class="mono">{each.range}</span>: {liftEffectSaid(each)}
        </p>
      ))}
      {effects
        .flatMap(({ stillBy }) => stillBy)
        .map(({ feed, range, observed, until }) => (
          <p key={`${feed} ${range}`}>
            It stays {observed ? "counted" : "banned"} by{" "}
            <span class="mono">{range}</span> in {feed}, which ends{" "}
            <Until at={until} />.
          </p>
        ))}
    </>
  );
}
