import * as v from "valibot";
import { limits } from "./limits.js";
import { listOf } from "./shapes.js";

/** A name of a capability, of a field of `ext`, of a kind of request or item. */
export const Name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/));

/**
 * What a peer can do, by name. Names that a reader does not know are passed over;
 * whoever claims one that it knows is held to it.
 */
export const Capabilities = listOf(Name, limits.capabilities);

/**
 * The one place where a document of version 2 may carry what its reader does not
 * know: names that are passed over, under the same signature as all else. As JSON
 * without white space it takes `limits.extBytes` bytes at most.
 */
export const Ext = v.pipe(
  v.custom<Readonly<Record<string, unknown>>>(isObject, "is no object"),
  v.check(
    (ext) => Object.keys(ext).length <= limits.extNames,
    `has more than ${limits.extNames} names`,
  ),
  v.check(
    (ext) => Object.keys(ext).every((name) => v.is(Name, name)),
    "has a name that is none",
  ),
  v.check(
    (ext) => bytesAsJson(ext) <= limits.extBytes,
    `has more than ${limits.extBytes} bytes`,
  ),
);

/** What documents of version 2 have beside their fields of version 1. */
export const extended = { ext: v.exactOptional(Ext) };

/** Infinity for what is nested too deeply to be written again. */
export function bytesAsJson(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch (error) {
    if (error instanceof RangeError) return Infinity;
    throw error;
  }
}

export function isObject(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
