import type { ComponentChildren } from "preact";
import { count } from "../../parts/bits.js";
import type { Shares } from "./attacks.js";
import { useSlots } from "./slots.js";
import { StackedBars, type Layer } from "./stacked-bars.js";

const WHOLE = { minute: "hour", hour: "day" } as const;
const AGO = { minute: "an hour ago", hour: "a day ago" } as const;
const A_SPAN = { minute: "a minute", hour: "an hour" } as const;

/** More colours are not told apart. */
const COLOURS = 5;

/** Spans of time and who they are made up of, with what each colour is. */
export function Chart({
  title,
  per,
  shares,
  nameOf,
  hrefOf,
}: {
  readonly title: string;
  readonly per: "minute" | "hour";
  readonly shares: Shares;
  readonly nameOf: (name: string) => string;
  readonly hrefOf: (name: string) => string;
}) {
  const first = shares.top.slice(0, COLOURS);
  const slots = useSlots(
    first.map(({ name }) => name ?? ""),
    COLOURS,
  );
  const named = slots.map((slot) =>
    first.find(({ name }) => (name ?? "") === slot),
  );
  const rest = restOf(shares);
  const layers: readonly Layer[] = [
    ...named.map((each, colour) => ({ colour, counts: each?.counts ?? [] })),
    { colour: "rest", counts: rest },
  ];
  const bars = rest.length;
  const most = Math.max(
    0,
    ...Array.from({ length: bars }, (_, at) => at).map((at) =>
      layers.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0),
    ),
  );
  const told = first.map(
    ({ name, total }) => `${nameOf(name ?? "")}: ${count(total)}`,
  );
  return (
    <figure class="chart">
      <figcaption>
        {title}{" "}
        <span class="faint">
          at most {count(most)} {A_SPAN[per]}
        </span>
      </figcaption>
      <StackedBars
        {...{ layers, bars, most }}
        label={`${title}, in the last ${WHOLE[per]}. ${told.join(", ") || "None."}`}
      />
      <p class="chart-ends faint" aria-hidden="true">
        <span>{AGO[per]}</span>
        <span>now</span>
      </p>
      <ul class="chart-key">
        {named.map((each, at) => (
          <Key key={at} look={`colour-${at}`} total={each?.total}>
            {each && (
              <a href={hrefOf(each.name ?? "")}>{nameOf(each.name ?? "")}</a>
            )}
          </Key>
        ))}
        <Key
          look="colour-rest"
          total={rest.reduce((sum, each) => sum + each, 0)}
        >
          all others
        </Key>
      </ul>
    </figure>
  );
}

/** All that have no colour of their own, span by span. */
const restOf = ({ top, rest }: Shares): readonly number[] =>
  rest.map((value, at) =>
    top
      .slice(COLOURS)
      .reduce((sum, { counts }) => sum + (counts[at] ?? 0), value),
  );

export function Key({
  look,
  total,
  children,
}: {
  /** A class: the colour. */
  readonly look: string;
  readonly total: number | undefined;
  readonly children: ComponentChildren;
}) {
  if (total === undefined) return <li aria-hidden="true">&nbsp;</li>;
  return (
    <li>
      <span class={`chart-dot ${look}`} aria-hidden="true" />
      {children} <span class="number">{count(total)}</span>
    </li>
  );
}
