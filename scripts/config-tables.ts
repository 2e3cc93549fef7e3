import { toJsonSchema } from "@valibot/to-json-schema";
import { ConfigShape } from "../agent/config/config.js";
import { countsAtOnce } from "../agent/config/live.js";
import { namesIn } from "../agent/config/names.js";

/** What is read here of a schema; all that the file may be made of has these only. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly items?: Schema | readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/**
 * A host's `config.yaml` in JSON Schema, as the code checks it, each setting with what
 * docs/configure.md says of it. What is checked beyond the schema's words, such as
 * that a range has no host bits, the program says.
 */
export function configSchema(document: string): object {
  const { $schema, ...rest } = toJsonSchema(ConfigShape, {
    ...{ typeMode: "input", target: "draft-07", errorMode: "ignore" },
  });
  const told = explained(document);
  return {
    $schema,
    title: "The configuration of a host",
    ...described(rest as Schema, "", told),
  };
}

/** A page with a table of every setting: what it may be, and what it is by default. */
export function configTable(document: string): string {
  const schema = configSchema(document) as Schema;
  const rows = [...namesIn(ConfigShape).settings].map(([name, usual]) => {
    const may = mayBe(schemaAt(schema, name.split(".")));
    const byDefault = usual === undefined ? "" : code(usual);
    const counts = countsAtOnce(name) ? "at once" : "at the next start";
    return `| \`${name}\` | ${may} | ${byDefault} | ${counts} |`;
  });
  return `${[HEAD, ...rows].join("\n")}\n`;
}

const HEAD = `# Settings of a host

<!-- Written by dist/scripts/config-document.js; not by hand. -->

Every setting of \`config.yaml\` and \`conf.d\`; [configure.md](configure.md#a-host) says what each is for, and
[config.schema.json](config.schema.json) has the same for editors and linters. A _time_ is a number with its unit,
such as \`30s\`, \`10m\`, \`4h\` or \`7d\`. What changed counts after a reload (\`systemctl reload tourniquet\`), or when
the agent starts.

| setting | may be | by default | changed, it counts |
| --- | --- | --- | --- |`;

/** What an item of a list says of the names that it begins with. */
function explained(document: string): ReadonlyMap<string, string> {
  const items = document.matchAll(
    /^- ((?:`[\w.]+`(?:, )?)+): ((?:.+\n)(?: {2}.+\n)*)/gm,
  );
  return new Map(
    [...items].flatMap(([, names = "", text = ""]) =>
      names
        .split(", ")
        .map((name) => [name.replaceAll("`", ""), plain(text)] as const),
    ),
  );
}

/** Without line breaks and links. */
const plain = (text: string): string =>
  text
    .trim()
    .replaceAll(/\s*\n\s*/g, " ")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");

/** No name but those that are known, and each with its description. */
function described(
  schema: Schema,
  path: string,
  told: ReadonlyMap<string, string>,
): Schema {
  const description = told.get(path);
  const inner = (each: Schema) => described(each, path, told);
  const { properties, anyOf } = schema;
  return {
    ...(description !== undefined && { description }),
    ...schema,
    ...(anyOf && { anyOf: anyOf.map(inner) }),
    ...(isTuple(schema) && {
      ...{ minItems: schema.items.length, maxItems: schema.items.length },
    }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, each]) => {
          const within = path === "" ? name : `${path}.${name}`;
          return [name, described(each, within, told)];
        }),
      ),
      additionalProperties: false,
    }),
  };
}

const isTuple = (
  schema: Schema,
): schema is Schema & { readonly items: readonly Schema[] } =>
  Array.isArray(schema.items);

function schemaAt(schema: Schema, path: readonly string[]): Schema {
  return path.reduce((within, name) => {
    const inner = within.properties?.[name];
    if (inner === undefined) throw new Error(`no schema of ${path.join(".")}`);
    return inner;
  }, schema);
}

function mayBe(schema: Schema): string {
  const { anyOf, items, properties } = schema;
  if (anyOf !== undefined) return anyOf.map(mayBe).join(", or ");
  if (properties !== undefined) {
    return `${Object.keys(properties).map(code).join(" and ")} of a section`;
  }
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(" or ");
  if (isTuple(schema)) return "a list of two, the lesser first";
  if (items !== undefined) return listText(schema, items as Schema);
  if (schema.type === "boolean") return "`true` or `false`";
  if (schema.type === "string") return textText(schema.pattern);
  return numberText(schema);
}

function textText(pattern = ""): string {
  if (pattern.endsWith("[smhd]$")) return "a time";
  if (pattern === "^/") return "an absolute path";
  if (pattern.startsWith("^(127")) return "a loopback address with its port";
  if (pattern.startsWith("^https?")) return "a URL without user and path";
  return "an address range";
}

function listText({ minItems, maxItems }: Schema, item: Schema): string {
  const least = minItems === undefined ? "at most" : `${minItems} to`;
  const what =
    item.type === "string" ? "address ranges" : `numbers, each ${mayBe(item)}`;
  return `a list of ${least} ${String(maxItems)} ${what}`;
}

const numberText = ({ minimum, maximum }: Schema): string =>
  `${String(minimum)} to ${String(maximum)}`;

const code = (value: unknown): string =>
  `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
