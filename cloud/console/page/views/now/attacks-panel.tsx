import { apiPath } from "../../api.js";
import { counted, Panel, Shown } from "../../parts/bits.js";
import { countryName } from "../../parts/country.js";
import { PartLinks, shownPart, type Part } from "../../parts/part-links.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import type { Attacks } from "./attacks.js";
import { Chart } from "./chart.js";
import { CountriesUnknown } from "./countries-unknown.js";
import { CountryFigure } from "./country-figure.js";

const SPANS: readonly Part[] = [
  { name: "Last hour", show: "" },
  { name: "Last day", show: "day" },
];

/** Milliseconds. */
const EVERY = { minute: 5_000, hour: 30_000 } as const;

/** Countries that are told apart: those on the map. */
const MOST_APART = 50;

/** When, on whom, and from where. */
export function AttacksPanel() {
  const per = shownPart() === "day" ? "hour" : "minute";
  const asked = useAsked<Attacks>(
    apiPath("/attacks", { per, of: "failures", top: MOST_APART }),
    { every: EVERY[per] },
  );
  return (
    <Panel
      title="Failed log-ins"
      more={
        <>
          <Sum attacks={asked.data} />
          <span class="charts-over">
            <PartLinks of={SPANS} label="How far back" />
          </span>
        </>
      }
    >
      <div class="charts">
        <Shown asked={asked}>
          {(attacks) => <Figures attacks={attacks} per={per} />}
        </Shown>
      </div>
    </Panel>
  );
}

function Figures({
  attacks,
  per,
}: {
  readonly attacks: Attacks;
  readonly per: "minute" | "hour";
}) {
  const { byOrg, byCountry, countries } = attacks;
  const isKnown = countries.source !== null;
  return (
    <>
      {isVendor.value ? (
        <Chart
          {...{ title: "By customer", per }}
          shares={byOrg}
          nameOf={(org) => org}
          hrefOf={(org) => to("/attackers", { q: `org:${org}` })}
        />
      ) : (
        <Chart
          {...{ title: isKnown ? "By country" : "In all", per }}
          shares={byCountry}
          nameOf={(code) => countryName(code === "" ? null : code)}
          hrefOf={(code) =>
            to("/attackers", {
              q: code === "" ? "not country:*" : `country:${code}`,
            })
          }
        />
      )}
      {isKnown ? (
        <CountryFigure shares={byCountry} isNamed={isVendor.value} />
      ) : (
        <CountriesUnknown countries={countries} />
      )}
    </>
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
