import { HEIGHT, OUTLINES, WIDTH } from "virtual:world-map";
import { count } from "../../parts/bits.js";
import { countryName } from "../../parts/country.js";
import { shadeOf, type Counted } from "./shades.js";

/** The countries, the more of it the stronger; who cannot see them has the list. */
export function CountryMap({ counted }: { readonly counted: Counted }) {
  return (
    <svg
      class="country-map"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      {OUTLINES.map(([code, outline], at) => (
        <path key={at} class={`shade-${shadeOf(code, counted)}`} d={outline}>
          {code !== "" && (
            <title>
              {countryName(code)}: {count(counted.by.get(code) ?? 0)}
            </title>
          )}
        </path>
      ))}
    </svg>
  );
}
