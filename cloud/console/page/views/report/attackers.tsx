import { Nothing, count } from "../../parts/bits.js";
import { countriesSaid, countryName } from "../../parts/country.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { to } from "../../router.js";
import { dayName, shortDay } from "./months.js";
import type { Month } from "./told.js";

type Country = Month["attacks"]["byCountry"][number];
type Attacker = Month["attackers"]["top"][number];

const COUNTRIES: readonly PlainColumn<Country>[] = [
  { head: "Country", cell: ({ country }) => countryName(country) },
  {
    ...{ head: "New attackers", isNumber: true },
    cell: ({ attackers }) => count(attackers),
  },
  {
    ...{ head: "Failed log-ins", isNumber: true },
    cell: ({ failures }) => count(failures),
  },
  {
    ...{ head: "Packets stopped", isNumber: true },
    cell: ({ dropped }) => count(dropped),
  },
];

/** On a page. */
const MOST = 15;

/** From which countries attacks came, as far as that is known. */
export function ByCountry({ month }: { readonly month: Month }) {
  const { attacks, countries } = month;
  if (attacks.byCountry.length === 0) {
    return <Nothing>No attack was told of.</Nothing>;
  }
  return (
    <>
      {countries.source !== null && (
        <PlainTable
          label="Attacks by country"
          columns={COUNTRIES}
          rows={attacks.byCountry.slice(0, MOST)}
          keyOf={({ country }) => country ?? ""}
        />
      )}
      <p class="sheet-note">{countriesSaid(countries, dayName)}</p>
    </>
  );
}

const ATTACKERS: readonly PlainColumn<Attacker>[] = [
  {
    head: "Attacker",
    cell: ({ attacker }) => (
      <a href={to("/address", { of: attacker })}>{attacker}</a>
    ),
  },
  { head: "Country", cell: ({ country }) => countryName(country) },
  {
    ...{ head: "Failed log-ins", isNumber: true },
    cell: ({ failures }) => count(failures),
  },
  {
    ...{ head: "Packets", isNumber: true },
    cell: ({ packets }) => count(packets),
  },
  { head: "First seen", cell: ({ firstSeen }) => shortDay(firstSeen) },
  { head: "Last seen", cell: ({ lastSeen }) => shortDay(lastSeen) },
];

export function TopAttackers({ month }: { readonly month: Month }) {
  const { seen, top } = month.attackers;
  if (top.length === 0) return <Nothing>Nobody was seen.</Nothing>;
  const rows = top.slice(0, MOST);
  return (
    <>
      <PlainTable
        label="Attackers"
        columns={ATTACKERS}
        rows={rows}
        keyOf={({ attacker }) => attacker}
      />
      {seen > rows.length && (
        <p class="sheet-note">
          The first {rows.length} of {count(seen)}, with all that is kept of
          them.
        </p>
      )}
    </>
  );
}
