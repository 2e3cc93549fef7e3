import {
  LONGEST_QUERY,
  MOST_TERMS,
  MOST_VALUES,
  QueryError,
  fieldOf,
  type FieldSpec,
  type ListSpec,
  type Query,
  type Term,
} from "./query.js";
import { listed, rangeIn, readValue } from "./values.js";
import { termsIn, type IsAddress, type Piece, type RawTerm } from "./words.js";

/**
 * Reads a text such as `org:acme not mode:observe version:<1.2 lastseen:>1h`.
 * @throws QueryError
 */
export function parseQuery<F extends string>(
  text: string,
  list: ListSpec<F>,
): Query<F> {
  if (text.length > LONGEST_QUERY) {
    const place = { at: LONGEST_QUERY, length: text.length - LONGEST_QUERY };
    throw new QueryError(`more than ${LONGEST_QUERY} characters`, place);
  }
  const terms: Term<F>[] = [];
  for (const raw of termsIn(text, addressesBut(list))) {
    if (isWord(raw, "and")) continue;
    if (terms.length === MOST_TERMS) {
      throw new QueryError(`more than ${MOST_TERMS} terms`, placeOf(raw));
    }
    terms.push(termOf(raw, list));
  }
  return { list, terms };
}

/** A word with a colon is an address where it is one, and no field of the list. */
export const addressesBut =
  (list: ListSpec): IsAddress =>
  (word, name) =>
    fieldOf(list, name) === undefined && rangeIn(word) !== undefined;

const placeOf = ({ at, end }: { at: number; end: number }) => ({
  at,
  length: end - at,
});

/** A word that stands alone, as it is. */
function isWord({ not, name, values, misfit }: RawTerm, word: string): boolean {
  if (not || name !== undefined || misfit !== undefined) return false;
  const [only, ...others] = values;
  if (only === undefined || only.isQuoted || others.length > 0) return false;
  return only.text.toLowerCase() === word;
}

function termOf<F extends string>(raw: RawTerm, list: ListSpec<F>): Term<F> {
  const { misfit, not, name, op, values } = raw;
  if (isWord(raw, "or")) {
    const says =
      'there is no "or": give a field several values with commas, as in field:a,b';
    throw new QueryError(says, placeOf(raw));
  }
  const spec = name && knownField(name, list);
  if (misfit !== undefined) {
    throw new QueryError(misfit.message, misfit, misfit.isUnfinished);
  }
  mustBeFew(raw);
  if (spec === undefined) {
    return { not, field: "", op, values: values.map(bareOf) };
  }
  const read = values.map((value) => valueOf(spec, raw, value));
  return { not, field: spec.name, op, values: read };
}

function knownField<F extends string>(
  name: Piece,
  list: ListSpec<F>,
): FieldSpec<F> {
  const spec = fieldOf(list, name.text);
  if (spec !== undefined) return spec;
  const names = list.fields.map((field) => field.name);
  const near = names.filter((each) => isNear(each, name.text));
  const meant =
    near.length > 0 ? `: ${listed(near)}?` : `; there are ${names.join(", ")}`;
  const says = `${list.name} have no "${name.text}"${meant}`;
  throw new QueryError(says, placeOf(name));
}

/** One begins with the other, or a letter is off. */
function isNear(known: string, asked: string): boolean {
  if (asked.length < 2 || asked.length > 32) return false;
  if (known.startsWith(asked) || asked.startsWith(known)) return true;
  let same = 0;
  while (known[same] === asked[same]) same += 1;
  const [a, b] = [known.slice(same), asked.slice(same)];
  const [afterA, afterB] = [a.slice(1), b.slice(1)];
  if (afterA === afterB || afterA === b || a === afterB) return true;
  const isSwapped = a[0] === b[1] && a[1] === b[0];
  return isSwapped && a.slice(2) === b.slice(2);
}

function mustBeFew({ op, values }: RawTerm): void {
  const [first, second] = values;
  const over = values[MOST_VALUES];
  if (over !== undefined) {
    const says = `more than ${MOST_VALUES} values of one field`;
    throw new QueryError(says, placeOf(over));
  }
  if (op === "is" || first === undefined || second === undefined) return;
  throw new QueryError(`${op} takes one value`, placeOf(second));
}

function bareOf(piece: Piece): string {
  if (piece.text !== "") return piece.text;
  throw new QueryError("an empty text is everywhere", placeOf(piece));
}

function valueOf(spec: FieldSpec, { op }: RawTerm, piece: Piece): string {
  const read = readValue(spec, op, piece.text);
  if ("value" in read) return read.value;
  throw new QueryError(read.problem, placeOf(piece));
}
