import { useState } from "preact/hooks";
import type { Banned, Page } from "../api-types.js";
import { may } from "../session.js";
import { useAsked } from "../use-asked.js";
import { Badge, count, counted } from "./bits.js";
import { feedSaid, isOwnFeed, usualFeed } from "./feed-said.js";
import { ChoiceField, type Choices } from "./fields.js";
import { ImpactSaid, useImpact } from "./impact.js";
import { banEffectSaid, heldBackSaid, isLess } from "./order-said.js";
import { OrderDialog, type OrderPlan } from "./order.js";
import { localTime } from "./time.js";

/** How long bans usually last, as the API has it. */
const TERMS: Choices = [
  ["30s", "30 seconds"],
  ["15m", "15 minutes"],
  ["1h", "an hour"],
  ["4h", "4 hours"],
  ["1d", "a day"],
  ["7d", "a week"],
  ["30d", "30 days"],
  ["365d", "a year"],
  ["permanent", "until somebody lifts it"],
];

interface BanDialogProps {
  readonly ranges: readonly string[];
  /** Hosts only count what it would stop. */
  readonly observe?: boolean;
  readonly onClose: () => void;
  readonly onDone?: () => void;
}

/** Bans ranges, after showing what that would cut, and do. */
export function BanDialog(props: BanDialogProps) {
  const { ranges, onClose } = props;
  const [terms, setTerms] = useState({
    ...{ term: "4h", feed: usualFeed(), replace: false },
    observe: props.observe === true,
  });
  const change = (some: Partial<typeof terms>) =>
    setTerms((before) => ({ ...before, ...some }));
  const { feed, observe, replace, term } = terms;
  const talks = useImpact(may("analyst") ? ranges : [], feed);
  const plan: OrderPlan<Banned> = {
    title: `${observe ? "Observe" : "Ban"} ${rangesSaid(ranges)}`,
    verb: observe ? "Observe" : "Ban",
    isDanger: !observe,
    ...{ method: "POST", path: "/bans", foresees: true, breaksGlass: true },
    bodyOf: (reason) => ({
      ...{ ranges, feed, reason, observe, replace, for: term },
    }),
    ...(!observe && talks.data && { dangers: talks.data.dangers }),
    foreseen: (answer) => (
      <Foreseen
        answer={answer}
        isReplacing={replace}
        onReplace={(is) => change({ replace: is })}
      />
    ),
    children: (
      <>
        <div class="row">
          <FeedField value={feed} onChange={(to) => change({ feed: to })} />
          <ChoiceField
            label="For how long"
            value={term}
            choices={TERMS}
            onChange={(to) => change({ term: to })}
          />
          <ChoiceField
            label="What hosts do"
            value={observe ? "observe" : "drop"}
            choices={MANNERS}
            onChange={(to) => change({ observe: to === "observe" })}
          />
        </div>
        {may("analyst") && (
          <section class="talks" aria-label="Who talks to it now">
            <h3>Who talks to it now</h3>
            <ImpactSaid asked={talks} of={ranges.length} />
          </section>
        )}
      </>
    ),
    ...(props.onDone && { onDone: props.onDone }),
  };
  return <OrderDialog plan={plan} onClose={onClose} />;
}

const MANNERS: Choices = [
  ["drop", "drop its packets"],
  ["observe", "only count them"],
];

const rangesSaid = (ranges: readonly string[]): string =>
  ranges.length === 1 ? (ranges[0] ?? "") : counted(ranges.length, "range");

/** For whom it is: the feeds that one may order in. */
export function FeedField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (feed: string) => void;
}) {
  const { data } = useAsked<Page<{ readonly feed: string }>>("/feeds");
  const known = (data?.items ?? []).map(({ feed }) => feed).filter(isOwnFeed);
  const feeds = known.includes(value) ? known : [value, ...known];
  return (
    <ChoiceField
      label="For"
      value={value}
      choices={feeds.map((feed) => [feed, `${feedSaid(feed)} (${feed})`])}
      onChange={onChange}
    />
  );
}

const FEW = 8;

function Foreseen({
  answer,
  isReplacing,
  onReplace,
}: {
  readonly answer: Banned;
  readonly isReplacing: boolean;
  readonly onReplace: (is: boolean) => void;
}) {
  const { effects, rings, unapproved } = answer;
  const held = [
    ...new Set(effects.flatMap((each) => heldBackSaid(each) ?? [])),
  ];
  return (
    <>
      {effects.slice(0, FEW).map((each) => (
        <p key={each.range}>
          <span class="mono">{each.range}</span> {banEffectSaid(each)}
        </p>
      ))}
      {effects.length > FEW && <p>and {count(effects.length - FEW)} more</p>}
      {held.map((each) => (
        <p key={each}>
          <Badge tone="warn">held back</Badge> {each}
        </p>
      ))}
      {unapproved > 0 && (
        <p>It stays so until the critical keys approve the range.</p>
      )}
      {rings !== null && (
        <p>
          It is wide: hosts begin ring by ring, the last of them on{" "}
          {localTime(rings.all)}.
        </p>
      )}
      {(isReplacing || effects.some(isLess)) && (
        <label class="check">
          <input
            type="checkbox"
            checked={isReplacing}
            onChange={({ currentTarget }) => onReplace(currentTarget.checked)}
          />
          Have this take the place of what stands there
        </label>
      )}
    </>
  );
}
