const NAMES = new Intl.DisplayNames("en", { type: "region" });

/**
 * What a country is called.
 * @param code two letters, as lists have it; null: nobody knows
 */
export function countryName(code: string | null): string {
  if (code === null) return "not known";
  return /^[A-Z]{2}$/.test(code) ? (NAMES.of(code) ?? code) : code;
}
