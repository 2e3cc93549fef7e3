import { createHash } from "node:crypto";
import * as v from "valibot";
import { said } from "./said.js";

/** Milliseconds since 1970, which clients get as RFC 3339 has it, in UTC. */
export const Time = v.pipe(
  v.number(),
  v.transform((ms) => new Date(ms).toISOString()),
  v.string(),
  v.isoTimestamp(),
);

/** Seconds since 1970, likewise. */
export const Seconds = v.pipe(
  v.number(),
  v.transform((seconds) => new Date(seconds * 1_000).toISOString()),
  v.string(),
  v.isoTimestamp(),
);

/** A count, a place, a version. */
export const Whole = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A page of a list, and where the next one begins; null: it is the last. */
export const pageOf = <S extends v.GenericSchema>(item: S) =>
  v.object({ items: v.array(item), next: v.nullable(v.string()) });

/** A page of a list that may be asked by `q`. */
export const countedPageOf = <S extends v.GenericSchema>(item: S) =>
  v.object({
    ...pageOf(item).entries,
    /** On all pages: with `q`, on the first page of what is short enough. */
    total: v.optional(Whole),
  });

/** Anything that JSON can say, where its shape is somebody else's. */
export const AnyJson = said(v.unknown(), {});

/** The body as it goes out, or undefined where a handler broke its own word. */
export function encoded(
  schema: v.GenericSchema,
  body: unknown,
): { readonly text: string; readonly etag: string } {
  const text = JSON.stringify(v.parse(schema, body));
  const digest = createHash("sha256").update(text).digest("base64url");
  return { text, etag: `"${digest.slice(0, 22)}"` };
}

/** What is a page's beginning: any JSON, out of sight in base64url. */
export const cursorOf = (place: unknown): string =>
  Buffer.from(JSON.stringify(place)).toString("base64url");

/** A query's cursor, read as a place of this shape. */
export const Cursor = <P>(place: v.GenericSchema<unknown, P>) =>
  v.pipe(
    v.string(),
    v.maxLength(512),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const read = v.safeParse(place, jsonIn(dataset.value));
      if (read.success) return read.output;
      addIssue({ message: "is not where a page begins" });
      return NEVER;
    }),
  );

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
