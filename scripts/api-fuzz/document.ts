import { readFileSync } from "node:fs";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as formats from "ajv-formats";
import type { Role } from "../../cloud/operators/roles.js";

export type Schema = Readonly<Record<string, unknown>>;

/** Whom an operation lets in. */
export interface Access {
  readonly least: Role;
  readonly vendorOnly: boolean;
  readonly stepUp: boolean;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Schema;
}

/** An operation as docs/openapi.json has it, ready to ask and to judge by. */
export interface Operation {
  readonly operationId: string;
  readonly method: string;
  /** With its base: `/api/v1/agents/{agent}`. */
  readonly path: string;
  /** Null: anybody. */
  readonly access: Access | null;
  readonly parameters: readonly Parameter[];
  /** Of its query's texts by name; what no parameter is named after, it lets by. */
  readonly checkQuery: Check;
  readonly body: Body | null;
  /** By status, then by media type; none of a body that is no JSON. */
  readonly answers: ReadonlyMap<number, ReadonlyMap<string, Check | null>>;
  /** Methods that a request for its path may find a route by. */
  readonly methods: readonly string[];
}

export interface Body {
  readonly media: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly check: Check;
}

type Check = ValidateFunction;

interface Told {
  readonly servers: readonly [{ readonly url: string }];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Said>>>>;
  readonly components: Schema;
}

interface Said {
  readonly operationId: string;
  readonly description: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean } & Content;
  readonly responses: Readonly<Record<string, Partial<Content>>>;
}

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}

/** @throws Error where the document says of an operation less than is needed */
export function readDocument(file: string): readonly Operation[] {
  const told = JSON.parse(readFileSync(file, "utf8")) as Told;
  const ajv = new Ajv2020({ strict: false, validateFormats: true });
  formats.default.default(ajv);
  const compiled = (schema: Schema): Check =>
    ajv.compile({ ...schema, components: told.components });
  // A query is all texts, and what it says may be numbers.
  const ofTexts = new Ajv2020({ strict: false, coerceTypes: true });
  formats.default.default(ofTexts);
  return Object.entries(told.paths).flatMap(([path, verbs]) => {
    const methods = methodsAt(path, told.paths);
    return Object.entries(verbs).map(([verb, said]) => ({
      ...{ operationId: said.operationId, methods },
      method: verb.toUpperCase(),
      path: told.servers[0].url + path,
      access: accessOf(said),
      parameters: said.parameters ?? [],
      checkQuery: ofTexts.compile(queryOf(said)),
      body: bodyOf(said, compiled),
      answers: answersOf(said, compiled),
    }));
  });
}

/** Methods of each path that a request for this one fits: `/bans/{ban}` fits `/bans/all`. */
function methodsAt(path: string, paths: Told["paths"]): readonly string[] {
  const parts = path.split("/");
  const fits = (template: string) => {
    const others = template.split("/");
    return (
      others.length === parts.length &&
      others.every((each, at) => each.startsWith("{") || each === parts[at])
    );
  };
  return Object.entries(paths)
    .filter(([template]) => fits(template))
    .flatMap(([, verbs]) => Object.keys(verbs))
    .map((verb) => verb.toUpperCase());
}

/** The document says it in words: "For admins of the vendor and up, shortly …". */
function accessOf({ operationId, description, security }: Said): Access | null {
  if (security?.length === 0) return null;
  const found = WHO.exec(description);
  if (found === null) throw new Error(`${operationId}: for whom is it?`);
  const [, least, vendor, anew] = found;
  return {
    least: least as Role,
    vendorOnly: vendor !== undefined,
    stepUp: anew !== undefined,
  };
}

const WHO = /For (\w+)s( of the vendor)? and up(, shortly after a step-up)?\.$/;

function queryOf({ parameters = [] }: Said): Schema {
  const some = parameters.filter((each) => each.in === "query");
  const properties = some.map(({ name, schema }) => [name, schema] as const);
  const required = some.filter((each) => each.required);
  return {
    ...{ type: "object", properties: Object.fromEntries(properties) },
    required: required.map(({ name }) => name),
  };
}

function bodyOf(
  { requestBody }: Said,
  compiled: (schema: Schema) => Check,
): Body | null {
  if (requestBody === undefined) return null;
  const { content, required } = requestBody;
  const [[media, { schema }] = ["", { schema: {} }]] = Object.entries(content);
  return { media, schema, required, check: compiled(schema) };
}

const answersOf = (
  { responses }: Said,
  compiled: (schema: Schema) => Check,
): Operation["answers"] =>
  new Map(
    Object.entries(responses).map(([status, { content = {} }]) => [
      Number(status),
      new Map(
        Object.entries(content).map(([media, { schema }]) => [
          media,
          /[/+]json$/.test(media) ? compiled(schema) : null,
        ]),
      ),
    ]),
  );
