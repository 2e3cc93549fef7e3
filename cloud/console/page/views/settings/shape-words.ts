import type { Schema } from "./open-api.js";

/** What a value is, in a few words: "whole number, 1 to 1000". */
export function shapeSays(schema: Schema): string {
  const { $ref, anyOf, oneOf, items } = schema;
  if ($ref !== undefined) return $ref.split("/").at(-1) ?? $ref;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) {
    return schema.enum.map((each) => JSON.stringify(each)).join(" or ");
  }
  const several = anyOf ?? oneOf;
  if (several !== undefined) return severalSay(several);
  if (schema.type === "array") {
    const of = items === undefined ? "anything" : shapeSays(items);
    const { maxItems } = schema;
    return `list of ${of}${maxItems === undefined ? "" : `, ${maxItems} at most`}`;
  }
  return [plainSays(schema), ...limitsOf(schema)].join(", ");
}

/** "text or nothing" */
function severalSay(several: readonly Schema[]): string {
  const said = [...new Set(several.map(shapeSays))];
  const rest = said.filter((each) => each !== "nothing");
  return rest.length < said.length
    ? [...rest, "nothing"].join(" or ")
    : said.join(" or ");
}

const WORDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "number",
  integer: "whole number",
  boolean: "yes or no",
  null: "nothing",
  object: "object",
};

function plainSays({ type, format }: Schema): string {
  if (format === "date-time") return "time";
  if (format === "binary") return "bytes";
  if (typeof type === "string") return WORDS[type] ?? type;
  return type === undefined ? "anything" : type.join(" or ");
}

function limitsOf(schema: Schema): readonly string[] {
  const { minimum, maximum, maxLength, pattern, default: usual } = schema;
  return [
    ...(minimum !== undefined && maximum !== undefined
      ? [`${minimum} to ${maximum}`]
      : []),
    ...(maxLength === undefined ? [] : [`${maxLength} characters at most`]),
    ...(pattern === undefined ? [] : [`like ${pattern}`]),
    ...(usual === undefined ? [] : [`usually ${JSON.stringify(usual)}`]),
  ];
}

/** Objects within a shape whose fields are to be seen as well. */
export function partsOf(schema: Schema): readonly Schema[] {
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return several.flatMap(partsOf);
  if (schema.type === "array" && schema.items) return partsOf(schema.items);
  if (typeof schema.additionalProperties === "object") {
    return partsOf(schema.additionalProperties);
  }
  return schema.properties === undefined ? [] : [schema];
}
