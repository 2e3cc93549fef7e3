import * as v from "valibot";
import { parseQuery } from "../query/parse.js";
import {
  LONGEST_QUERY,
  QueryError,
  type ListSpec,
  type Query,
} from "../query/query.js";
import { said } from "./table/said.js";

/** What a list is asked for, in its own words; see docs/query.md. */
export const QueryOf = <F extends string>(list: ListSpec<F>) =>
  v.pipe(
    v.string(),
    said(
      v.maxLength<string, number, string>(
        LONGEST_QUERY,
        `has more than ${LONGEST_QUERY} characters`,
      ),
      {
        maxLength: LONGEST_QUERY,
        description: `Terms that all must hold, such as ${exampleOf(list)}. Fields: ${namesOf(list)}.`,
      },
    ),
    v.rawTransform<string, Query<F>>(({ dataset, addIssue, NEVER }) => {
      try {
        return parseQuery(dataset.value, list);
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
        addIssue({ message: `at ${error.at + 1}: ${error.message}` });
        return NEVER;
      }
    }),
  );

/** What one has to know of pages of what a query asks for. */
export const PAGES =
  "With `q`, a page may have few, or none, and not be the last: one request looks at so many rows.";

const exampleOf = ({ fields }: ListSpec): string =>
  `\`not ${fields[0]?.name ?? ""}:*\``;

const namesOf = ({ fields }: ListSpec): string =>
  fields.map(({ name }) => name).join(", ");

/** Whether a query says something of a field. */
export const asks = <F extends string>(
  query: Query<F> | undefined,
  ...fields: readonly F[]
): boolean =>
  query?.terms.some(({ field }) => field !== "" && fields.includes(field)) ??
  false;

/**
 * The one value that a field must have, where a query says so: what it is looked
 * up by in an index, before the query is held to what was found.
 */
export function onlyValue<F extends string>(
  query: Query<F> | undefined,
  field: F,
): string | undefined {
  const found = query?.terms.find(
    (term) =>
      term.field === field &&
      !term.not &&
      term.op === "is" &&
      term.values.length === 1,
  );
  const [value = ""] = found?.values ?? [];
  return value === "" || /^\*|\*$/.test(value) ? undefined : value;
}
