import type { Cidr } from "../../agent/model/cidr.js";

/** Tells which country an address is in, as far as somebody here knows. */
export interface Countries {
  /** Two letters of ISO 3166; null: not known. Of a range, its first address's. */
  of(range: Cidr): string | null;
  /** Where that is known from; null: from nowhere. */
  source(): CountrySource | null;
  /** Why it is known from nowhere though a file is named; null: all is well. */
  trouble(): string | null;
}

export interface CountrySource {
  /** Its name, without folders. */
  readonly file: string;
  /** When it was made: milliseconds since 1970. */
  readonly built: number;
}

/** Where nobody names a file that says it. */
export const NO_COUNTRIES: Countries = {
  of: () => null,
  source: () => null,
  trouble: () => null,
};
