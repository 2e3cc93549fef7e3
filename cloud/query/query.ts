import { onOneLine } from "../../agent/text/shown.js";

/**
 * What a query is: the same language for every list, wherever it is shown. This
 * room knows nothing of Node, so that a browser runs the same code as the cloud.
 */

/** What the values of a field are, and so what may be asked of it. */
export type Kind =
  "text" | "choice" | "yesno" | "number" | "version" | "time" | "range";

/** How a term reads where its values are, and where they are not; "…" stands for them. */
export type Phrase = readonly [is: string, not: string];

/** A field of a list. */
export interface FieldSpec<F extends string = string> {
  /** In small letters: what stands before the colon. */
  readonly name: F;
  readonly kind: Kind;
  /** Of a choice: all there are. */
  readonly choices?: readonly string[];
  /** Of a time: it lies ahead, so that "<1h" is within the next hour. */
  readonly ahead?: true;
  /** What the field is, for who picks it from a list. */
  readonly says: string;
  /** How a term reads in a sentence; usually "whose NAME is …". */
  readonly reads?: Phrase;
  /** The same, of single values: "observe" reads "that observe". */
  readonly phrases?: Readonly<Record<string, Phrase>>;
  /** How "field:*" reads; usually "with a NAME". */
  readonly has?: Phrase;
}

/** A list that can be asked: what its rows are, and their fields. */
export interface ListSpec<F extends string = string> {
  readonly name: string;
  /** What its rows are, as a sentence has them: "hosts". */
  readonly noun: string;
  readonly fields: readonly FieldSpec<F>[];
}

export const ops = ["is", "<", "<=", ">", ">="] as const;
export type Op = (typeof ops)[number];

/** One thing that must hold, or must not. */
export interface Term<F extends string = string> {
  readonly not: boolean;
  /** "": any text holds the value, or any range overlaps it. */
  readonly field: F | "";
  readonly op: Op;
  /** Any of them, each as its kind writes it; of another op than "is" there is one. */
  readonly values: readonly string[];
}

/** All its terms must hold; without any, every row is meant. */
export interface Query<F extends string = string> {
  readonly list: ListSpec<F>;
  readonly terms: readonly Term<F>[];
}

/** Where in a text something is. */
export interface Place {
  /** In UTF-16 units, from 0. */
  readonly at: number;
  readonly length: number;
}

/** A text that is no query, and where it is not. */
export class QueryError extends Error implements Place {
  override readonly name = "QueryError";
  readonly at: number;
  readonly length: number;

  constructor(
    message: string,
    { at, length }: Place,
    /** More at its end could make it a query: who is writing has not erred yet. */
    readonly isUnfinished = false,
  ) {
    super(onOneLine(message));
    this.at = at;
    this.length = length;
  }
}

/** The list of this name, with the names of its fields as a type. */
export const listOf = <const F extends string>(
  name: string,
  noun: string,
  fields: readonly FieldSpec<F>[],
): ListSpec<F> => ({ name, noun, fields });

/** The names of a list's fields, as a type. */
export type FieldsOf<L> = L extends ListSpec<infer F> ? F : never;

export const fieldOf = <F extends string>(
  { fields }: ListSpec<F>,
  name: string,
): FieldSpec<F> | undefined => fields.find((each) => each.name === name);

/** Characters of a query. */
export const LONGEST_QUERY = 1_000;

export const MOST_TERMS = 32;

/** Of one term. */
export const MOST_VALUES = 64;

/** Alone as a value: whatever it is, there is one. At an end of a text: anything. */
export const ANY = "*";
