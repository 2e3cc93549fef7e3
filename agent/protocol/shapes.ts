import * as v from "valibot";
import { InvalidCidr, parseCidr } from "../model/cidr.js";
import { EPOCH, isFeedName, type FeedName } from "../model/position.js";
import { Malformed } from "./malformed.js";

/** The field shapes that messages and headers share. */

/** Milliseconds since 1970, up to the year 9999. */
export const Time = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(253_402_300_799_999),
);

/** A whole number from 0 to 2^53 - 1. */
export const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

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

/** An address or a range as text, host bits zero; IPv4 not in IPv6 clothes. */
export const Range = v.pipe(
  v.string(),
  v.check(isRange, "is no address range, or has host bits set"),
);

export const Epoch = v.pipe(v.string(), v.regex(EPOCH));

/** An id that the cloud made: of agents, orgs, decisions. */
export const Id = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/));

/** Printable text of at most `most` characters. */
export const shortText = (most: number) =>
  v.pipe(v.string(), v.maxLength(most), v.regex(/^\P{Cc}*$/u));

/** Where a reader stands in one feed, as messages carry it. */
export const WirePosition = v.strictObject({
  feed: Feed,
  epoch: Epoch,
  offset: Count,
  hash: Sha256,
});

/**
 * Reads JSON text into a shape; unknown fields are refused, because a field
 * that one side takes for granted and the other ignores is a lie.
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

/** "bans.3.cidr: Expected string but received 7", on one line. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? "the whole";
  const problem = `${path}: ${issue.message.slice(0, 200)}`;
  return problem.replaceAll(/\p{Cc}/gu, "?");
}

function isRange(text: string): boolean {
  try {
    parseCidr(text);
    return true;
  } catch (error) {
    if (error instanceof InvalidCidr) return false;
    throw error;
  }
}

function readJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without its cause: the parser's message quotes the text, secrets included.
    throw new Malformed(what, "is not JSON");
  }
}
