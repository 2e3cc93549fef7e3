import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { countryName } from "../../parts/country.js";
import { to } from "../../router.js";
import type { Shares } from "./attacks.js";
import { Key } from "./chart.js";
import { shadeOf, type Counted } from "./shades.js";
import { useSlots } from "./slots.js";

/** As many as there is place for. */
const NAMED = 5;

/** From where: on the map, and by name those with the most. */
export function CountryFigure({
  shares,
  isNamed,
}: {
  readonly shares: Shares;
  /** False: the names stand beside it. */
  readonly isNamed: boolean;
}) {
  const Drawn = useMap();
  const counted = countedOf(shares);
  return (
    <figure class="chart">
      <figcaption>
        From where <span class="faint">the stronger, the more</span>
      </figcaption>
      <div class={isNamed ? "map-place" : "map-place alone"}>
        {Drawn && <Drawn counted={counted} />}
      </div>
      {isNamed && <Names shares={shares} counted={counted} />}
    </figure>
  );
}

function Names({
  shares,
  counted,
}: {
  readonly shares: Shares;
  readonly counted: Counted;
}) {
  const known = shares.top.slice(0, NAMED);
  const slots = useSlots(
    known.map(({ name }) => name ?? ""),
    NAMED,
  );
  const all = sum([...shares.top.map(({ total }) => total), ...shares.rest]);
  const named = slots.map((slot) =>
    known.find(({ name }) => (name ?? "") === slot),
  );
  const others = all - sum(named.map((each) => each?.total ?? 0));
  return (
    <ul class="chart-key">
      {named.map((each, at) => (
        <Key
          key={at}
          look={`shade-${shadeOf(each?.name ?? "", counted)}`}
          total={each?.total}
        >
          {each && (
            <a href={hrefOf(each.name)}>{countryName(each.name || null)}</a>
          )}
        </Key>
      ))}
      <Key look="shade-0" total={others}>
        all others
      </Key>
    </ul>
  );
}

const sum = (counts: readonly number[]): number =>
  counts.reduce((before, each) => before + each, 0);

const hrefOf = (code: string | null): string =>
  to("/attackers", { q: code ? `country:${code}` : "not country:*" });

function countedOf({ top }: Shares): Counted {
  const named = top.flatMap(({ name, total }) =>
    name === null || name === "" ? [] : [[name, total] as const],
  );
  const most = Math.max(0, ...named.map(([, total]) => total));
  return { by: new Map(named), most };
}

/** The map comes once the rest is there. */
function useMap(): ComponentType<{ readonly counted: Counted }> | undefined {
  const [found, setFound] = useState<{
    readonly is: ComponentType<{ readonly counted: Counted }>;
  }>();
  useEffect(() => {
    import("./country-map.js").then(
      ({ CountryMap }) => setFound({ is: CountryMap }),
      // The names tell as much.
      () => undefined,
    );
  }, []);
  return found?.is;
}
