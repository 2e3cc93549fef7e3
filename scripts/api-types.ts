import { mkdirSync, writeFileSync } from "node:fs";
import type { OperatorApiPorts } from "../cloud/api/ports.js";
import { routeTable } from "../cloud/api/routes/table.js";
import type { Route } from "../cloud/api/table/route.js";
import { jsonSchemaOf, type JsonSchema } from "../cloud/api/table/said.js";

const PLAIN: Readonly<Record<string, string>> = {
  ...{ string: "string", number: "number", integer: "number" },
  ...{ boolean: "boolean", null: "null" },
};

function lineOf({ operationId, answers }: Route): string {
  const shapes = Object.values(answers).flatMap(({ schema }) =>
    schema === undefined ? [] : [typeOf(jsonSchemaOf(schema, "output"))],
  );
  const all = [...new Set(shapes)];
  return `  readonly ${operationId}: ${all.length === 0 ? "null" : all.join(" | ")};`;
}

function typeOf(schema: JsonSchema): string {
  const { type, anyOf, oneOf, items } = schema;
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) {
    return schema["enum"].map((each) => JSON.stringify(each)).join(" | ");
  }
  const several = anyOf ?? oneOf;
  if (Array.isArray(several)) {
    return several.map((each) => typeOf(each as JsonSchema)).join(" | ");
  }
  if (type === "array") return arrayOf(schema, items as JsonSchema | undefined);
  if (type === "object") return objectOf(schema);
  return PLAIN[String(type)] ?? "unknown";
}

function arrayOf(
  { prefixItems }: JsonSchema,
  items: JsonSchema | undefined,
): string {
  if (Array.isArray(prefixItems)) {
    const each = prefixItems.map((item) => typeOf(item as JsonSchema));
    return `readonly [${each.join(", ")}]`;
  }
  return `readonly (${items === undefined ? "unknown" : typeOf(items)})[]`;
}

function objectOf({
  properties = {},
  required = [],
  additionalProperties: more,
}: JsonSchema): string {
  const needed = new Set(required as readonly string[]);
  const fields = Object.entries(properties as Record<string, JsonSchema>).map(
    ([name, each]) =>
      `readonly ${JSON.stringify(name)}${needed.has(name) ? "" : "?"}: ${typeOf(each)}`,
  );
  if (fields.length === 0 && typeof more === "object" && more !== null) {
    return `Readonly<Record<string, ${typeOf(more as JsonSchema)}>>`;
  }
  return fields.length === 0
    ? "Readonly<Record<string, unknown>>"
    : `{ ${fields.join("; ")} }`;
}

/**
 * Writes down what the API answers as types for the page, from the table itself:
 * a page that reads what is not answered does not compile.
 */
mkdirSync("dist/console-types", { recursive: true });
writeFileSync(
  "dist/console-types/answers.d.ts",
  [
    "/** What each operation answers with, by its name. */",
    "export interface Answers {",
    ...routeTable({} as OperatorApiPorts).map(lineOf),
    "}\n",
  ].join("\n"),
);
