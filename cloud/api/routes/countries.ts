import * as v from "valibot";
import type { Countries } from "../../places/countries.js";
import { Time } from "../table/answer.js";

/** Where countries are known from. */
export const CountriesOut = v.object({
  /** Null: from nowhere, so none is known. */
  source: v.nullable(v.object({ file: v.string(), built: Time })),
  /** Why from nowhere, though a file is named; null: all is well. */
  trouble: v.nullable(v.string()),
});

export const countriesTold = (countries: Countries) => ({
  source: countries.source(),
  trouble: countries.trouble(),
});
