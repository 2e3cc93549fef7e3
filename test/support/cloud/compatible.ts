type Schema = Readonly<Record<string, unknown>>;

/** As much of an OpenAPI document as clients rely on. */
export interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, OperationShape>>>
  >;
}

interface OperationShape {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Partial<Content>>>;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}

/**
 * What an API promised and promises no more, in words: operations, fields of
 * answers, what requests may say, and what they may leave out.
 */
export function lostBetween(
  before: Document,
  after: Document,
): readonly string[] {
  const now = new Map(operationsOf(after));
  return operationsOf(before).flatMap(([name, operation]) => {
    const other = now.get(name);
    if (other === undefined) return [name];
    const kept = promisesOf(other);
    return [...promisesOf(operation)]
      .filter((promise) => !kept.has(promise))
      .filter((promise) => !isMoot(promise, kept))
      .map((promise) => `${name} ${promise}`);
  });
}

/** What isn't taken at all any more is said once. */
const isMoot = (promise: string, kept: ReadonlySet<string>): boolean =>
  promise.startsWith(WITHOUT) &&
  !kept.has(`takes ${promise.slice(WITHOUT.length)}`);

const WITHOUT = "does without ";

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(
      ([verb, operation]) =>
        [`${verb.toUpperCase()} ${path}`, operation] as const,
    ),
  );

function promisesOf(operation: OperationShape): ReadonlySet<string> {
  const { parameters = [], requestBody, responses = {} } = operation;
  const said = new Set<string>();
  for (const { in: where, name, required, schema } of parameters) {
    taken(`${where} ${name}`, schema, required === true, said);
  }
  for (const { schema } of Object.values(requestBody?.content ?? {})) {
    walk("body", schema, (place, each, isRequired) => {
      taken(place, each, isRequired, said);
    });
  }
  for (const [status, { content = {} }] of Object.entries(responses)) {
    if (!status.startsWith("2")) continue;
    for (const [media, { schema }] of Object.entries(content)) {
      const begin = `answers ${status} ${media}`;
      walk(begin, schema, (place) => said.add(place));
    }
  }
  return said;
}

function taken(
  place: string,
  schema: Schema,
  isRequired: boolean,
  said: Set<string>,
): void {
  said.add(`takes ${place}`);
  if (!isRequired) said.add(`${WITHOUT}${place}`);
  const values = (schema["enum"] ?? []) as readonly unknown[];
  for (const value of values)
    said.add(`takes ${place} ${JSON.stringify(value)}`);
}

/** Every place in a schema: fields by name, items as `*`. */
function walk(
  place: string,
  schema: Schema,
  seen: (place: string, schema: Schema, isRequired: boolean) => void,
  isRequired = true,
): void {
  seen(place, schema, isRequired);
  const required = (schema["required"] ?? []) as readonly string[];
  const fields = (schema["properties"] ?? {}) as Record<string, Schema>;
  for (const [name, each] of Object.entries(fields)) {
    walk(`${place}/${name}`, each, seen, required.includes(name));
  }
  for (const key of ["items", "additionalProperties"]) {
    const inner = schema[key];
    if (typeof inner !== "object" || inner === null) continue;
    walk(`${place}/*`, inner as Schema, seen);
  }
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const some = (schema[key] ?? []) as readonly Schema[];
    for (const each of some) walk(place, each, seen, isRequired);
  }
}
