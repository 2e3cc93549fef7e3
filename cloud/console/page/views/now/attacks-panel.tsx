import type { ComponentChildren } from "preact";
import type { Answers } from "../../api-types.js";
import { count, counted, Panel, Shown } from "../../parts/bits.js";
import { countryName } from "../../parts/country.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import type { Asked } from "../../use-asked.js";
import { CountriesUnknown } from "./countries-unknown.js";
import { useSlots } from "./slots.js";
import { StackedBars, type Layer } from "./stacked-bars.js";

export type Attacks = Answers["countAttacks"];
type Shares = Attacks["byOrg"];

/** The last hour, minute by minute: on whom, and from where. */
export function AttacksPanel({ asked }: { readonly asked: Asked<Attacks> }) {
  return (
    <Panel
      title="Failed log-ins in the last hour"
      more={<Sum attacks={asked.data} />}
    >
      <Shown asked={asked}>
        {(attacks) => (
          <div class="charts">
            {isVendor.value && (
              <Chart
                title="By customer"
                shares={attacks.byOrg}
                nameOf={(org) => org}
                hrefOf={(org) => to("/attackers", { q: `org:${org}` })}
              />
            )}
            {attacks.countries.source === null ? (
              <CountriesUnknown countries={attacks.countries} />
            ) : (
              <Chart
                title="By country"
                shares={attacks.byCountry}
                nameOf={(code) => countryName(code === "" ? null : code)}
                hrefOf={(code) =>
                  to("/attackers", {
                    q: code === "" ? "not country:*" : `country:${code}`,
                  })
                }
              />
            )}
          </div>
        )}
      </Shown>
    </Panel>
  );
}

function Sum({ attacks }: { readonly attacks: Attacks | undefined }) {
  if (attacks === undefined) return null;
  const { failures, attackers, dropped } = attacks.totals;
  return (
    <span class="faint">
      {counted(failures, "failed log-in")}, {counted(attackers, "new attacker")}
      , {counted(dropped, "packet")} stopped
    </span>
  );
}

/** More colours are not told apart. */
const COLOURS = 5;

function Chart({
  title,
  shares,
  nameOf,
  hrefOf,
}: {
  readonly title: string;
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
        {title} <span class="faint">at most {count(most)} a minute</span>
      </figcaption>
      <StackedBars
        {...{ layers, bars, most }}
        label={`${title}, in the last hour. ${told.join(", ") || "None."}`}
      />
      <p class="chart-ends faint" aria-hidden="true">
        <span>an hour ago</span>
        <span>now</span>
      </p>
      <ul class="chart-key">
        {named.map((each, at) => (
          <Key key={at} colour={at} total={each?.total}>
            {each && (
              <a href={hrefOf(each.name ?? "")}>{nameOf(each.name ?? "")}</a>
            )}
          </Key>
        ))}
        <Key colour="rest" total={rest.reduce((sum, each) => sum + each, 0)}>
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

function Key({
  colour,
  total,
  children,
}: {
  readonly colour: number | "rest";
  readonly total: number | undefined;
  readonly children: ComponentChildren;
}) {
  if (total === undefined) return <li aria-hidden="true">&nbsp;</li>;
  return (
    <li>
      <span class={`chart-dot colour-${colour}`} aria-hidden="true" />
      {children} <span class="number">{count(total)}</span>
    </li>
  );
}
