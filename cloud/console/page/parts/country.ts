import type { Answers } from "../api-types.js";

type Known = Answers["listAttackers"]["countries"];

const NAMES = new Intl.DisplayNames("en", { type: "region" });

/**
 * What a country is called.
 * @param code two letters, as lists have it; null: nobody knows
 */
export function countryName(code: string | null): string {
  if (code === null) return "not known";
  return /^[A-Z]{2}$/.test(code) ? (NAMES.of(code) ?? code) : code;
}

/**
 * Where countries are known from.
 * @param dayOf how a day is written
 */
export function countriesSaid(
  { source, trouble }: Known,
  dayOf: (at: string) => string,
): string {
  const said =
    source === null
      ? "Countries are not known: this cloud was given no file of them."
      : `Countries by ${source.file}, of ${dayOf(source.built)}: where an address is registered, which says little of who is behind it.`;
  return trouble === null ? said : `${said} ${trouble}`;
}
