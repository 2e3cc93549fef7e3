import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is said of schemas and actions that check something in their own code. */
const told = new WeakMap<object, JsonSchema>();

/**
 * Says in JSON Schema what a schema, or an action of a pipe, checks in its own
 * code. What isn't said can't stand in the API's document.
 */
export function said<S extends object>(item: S, inJsonSchema: JsonSchema): S {
  told.set(item, inJsonSchema);
  return item;
}

/**
 * What a schema takes ("input") or gives ("output"), in the dialect of OpenAPI 3.1.
 * @throws Error when the schema checks something that was not said
 */
export function jsonSchemaOf(
  schema: v.GenericSchema,
  typeMode: "input" | "output",
): JsonSchema {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    ...{ typeMode, target: "draft-2020-12", errorMode: "throw" },
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      const own = told.get(valibotSchema);
      return own && { ...jsonSchema, ...own };
    },
    overrideAction: ({ valibotAction, jsonSchema }) => {
      const own = told.get(valibotAction) ?? sayable(valibotAction);
      return own && { ...jsonSchema, ...own };
    },
  });
  return rest;
}

/** Actions of valibot that JSON Schema has words for, and the library does not. */
function sayable(action: {
  readonly type: string;
  readonly requirement?: unknown;
}): JsonSchema | undefined {
  const { type, requirement } = action;
  // A text has no more characters than bytes.
  if (type === "max_bytes") return { maxLength: requirement };
  const isUnicode = requirement instanceof RegExp && requirement.flags === "u";
  // In JSON Schema every pattern is of this kind.
  if (type === "regex" && isUnicode) {
    const pattern = CLASSES.reduce(
      (source, [name, plain]) => source.replaceAll(name, plain),
      requirement.source,
    );
    return { pattern };
  }
  return undefined;
}

/** In words that those have too who know no classes of Unicode. */
const CLASSES = [
  ["\\P{Cc}", String.raw`[^\u0000-\u001f\u007f-\u009f]`],
  ["\\p{Cc}", String.raw`\u0000-\u001f\u007f-\u009f`],
  ["\\p{Zl}\\p{Zp}", String.raw`\u2028\u2029`],
  [
    "\\p{Bidi_Control}",
    String.raw`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`,
  ],
] as const;
