import * as v from "valibot";
import { formatCidr, InvalidCidr, parseCidr } from "../model/cidr.js";
import { EPOCH, isFeedName, type FeedName } from "../model/position.js";
import { Malformed } from "./malformed.js";
import { repeatsField } from "./repeated-field.js";

/** The field shapes that messages and headers share. */

/** A number; the -0 that JSON can say is 0. */
export const Numeric = v.pipe(
  v.number(),
  v.transform((value) => value + 0),
);

/** Milliseconds since 1970, up to the year 9999. */
export const Time = v.pipe(
  Numeric,
  v.integer(),
  v.minValue(0),
  v.maxValue(253_402_300_799_999),
);

/** A whole number from 0 to 2^53 - 1. */
export const Count = v.pipe(Numeric, v.safeInteger(), v.minValue(0));

/** SHA-256 in lower-case hex. */
export const Sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** First 8 bytes of the SHA-256 of a raw public key, in lower-case hex. */
export const KeyId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));

/**
 * Base64url without padding, of exactly `bytes` bytes. It may hold a secret, so
 * what is wrong with it is told without repeating it.
 */
export const base64url = (bytes: number) =>
  v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9_-]*$/, "is not base64url"),
    v.length(Math.ceil((bytes * 4) / 3)),
  );

export const Feed = v.custom<FeedName>(
  (input) => typeof input === "string" && isFeedName(input),
  "is not a feed",
);

export const Epoch = v.pipe(v.string(), v.regex(EPOCH));

/** An id that the cloud made: of agents, orgs, decisions. */
export const Id = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/));

/** A range as this program writes it: at most 43 characters. */
export const Range = v.pipe(
  v.string(),
  v.check(isRange, "is not a range with its host bits clear"),
);

/** Printable text of at most `most` characters. */
export const shortText = (most: number) =>
  v.pipe(v.string(), v.maxLength(most), v.regex(/^\P{Cc}*$/u));

/** An array of `least` to `most` items; a longer one is not looked into. */
export const listOf = <Item extends v.GenericSchema>(
  item: Item,
  most: number,
  least = 0,
) =>
  v.pipe(
    v.array(v.unknown()),
    v.minLength(least),
    v.maxLength(most),
    v.array(item),
  );

/** Where a reader stands in one feed, as messages carry it. */
export const WirePosition = v.strictObject({
  feed: Feed,
  epoch: Epoch,
  offset: Count,
  hash: Sha256,
});

/**
 * Reads JSON text into a shape; unknown fields are refused, because a field
 * that one side takes for granted and the other ignores is a lie. So are those
 * that are given twice.
 * @throws Malformed with every problem and its path
 */
export function parseJson<S extends v.GenericSchema>(
  schema: S,
  text: string,
  what: string,
): v.InferOutput<S> {
  return parseShape(schema, readJson(text, what), what);
}

/** As `parseJson`, for a value that has been JSON already. */
export function parseShape<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = result.issues.map(describeIssue);
  throw new Malformed(what, problems.slice(0, 8).join("; "));
}

/**
 * As `parseJson`, for what holds a secret: says which field is wrong, and
 * nothing of what is there, since the secret may stand in the wrong place.
 * @throws Malformed
 */
export function parseSecretJson<S extends v.GenericSchema>(
  schema: S,
  text: string,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, readJson(text, what));
  if (result.success) return result.output;
  const fields = result.issues.slice(0, 8).map(fieldOf);
  throw new Malformed(what, `${fields.join(", ")}: not as it should be`);
}

/** What the field of an issue is called, unless that is from outside as well. */
export function fieldOf(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === "never") return "an unknown field";
  return v.getDotPath(issue) ?? "the whole";
}

/** "bans.3.cidr: Expected string but received 7", on one line. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? "the whole";
  const problem = `${path.slice(0, 200)}: ${issue.message.slice(0, 200)}`;
  return problem.replaceAll(/\p{Cc}/gu, "?");
}

function isRange(text: string): boolean {
  try {
    return formatCidr(parseCidr(text)) === text;
  } catch (error) {
    if (error instanceof InvalidCidr) return false;
    throw error;
  }
}

function readJson(text: string, what: string): unknown {
  const value = parsed(text, what);
  if (repeatsField(text, value)) {
    throw new Malformed(what, "gives a field twice");
  }
  return value;
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without its cause: the parser's message quotes the text, secrets included.
    throw new Malformed(what, "is not JSON");
  }
}
