import type * as v from "valibot";
import { MOST_HEAD_BYTES } from "../../door/budgets.js";
import { BASE } from "./base.js";
import {
  paramsOf,
  tags,
  type AnswerSpec,
  type BodySpec,
  type Route,
} from "./route.js";
import { ProblemShape, statusWords } from "./problem-shape.js";
import { jsonSchemaOf, type JsonSchema } from "./said.js";

/**
 * The table as an OpenAPI 3.1 document.
 * @throws Error when a shape can't be said, or two operations have one name
 */
export function openApi(table: readonly Route[], version: string): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {};
  const names = new Set<string>();
  for (const each of table) {
    const { method, path, operationId } = each;
    const at = (paths[path] ??= {});
    const verb = method.toLowerCase();
    if (verb in at || names.has(operationId)) {
      throw new Error(`${method} ${path}, ${operationId}, is there twice`);
    }
    names.add(operationId);
    at[verb] = operationOf(each);
  }
  return {
    openapi: "3.1.0",
    info: {
      ...{ title: "tourniquet", version, summary: "A cloud's operators" },
      description: ABOUT,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: BASE, description: "this cloud" }],
    tags: Object.entries(tags).map(([name, description]) => ({
      ...{ name, description },
    })),
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "__Host-tourniquet" },
      },
      schemas: { Problem: jsonSchemaOf(ProblemShape, "output") },
    },
  };
}

const ABOUT =
  "What operators, people and machines, see and order. Times are RFC 3339 in UTC. Whatever an answer may gain later, clients pass over.";

function operationOf(route: Route): JsonSchema {
  const { operationId, tag, summary, description, lets } = route;
  const parameters = [
    ...paramsOf(route.path).map(pathParameter),
    ...queryParameters(route.query),
    ...(lets?.changes ? [IDEMPOTENCY_KEY] : []),
  ];
  return {
    ...{ operationId, tags: [tag], summary },
    description: [description, whoMay(route)].filter(Boolean).join(" "),
    ...(lets === null && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: requestBody(route, route.body) }),
    responses: responsesOf(route),
  };
}

function whoMay({ lets }: Route): string {
  if (lets === null) return "Open to everybody.";
  const { allows, scope, stepUp } = lets;
  const where = scope === "vendor" ? " of the vendor" : "";
  const anew = stepUp ? ", shortly after a step-up" : "";
  return `For ${allows}s${where} and up${anew}.`;
}

const pathParameter = (name: string) => ({
  ...{ name, in: "path", required: true },
  schema: { type: "string", minLength: 1, maxLength: 256 },
});

function queryParameters(query: v.GenericSchema | undefined) {
  if (query === undefined) return [];
  const { properties, required } = jsonSchemaOf(query, "input") as {
    properties: Record<string, JsonSchema>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    ...{ name, in: "query", required: required?.includes(name) ?? false },
    schema,
  }));
}

const IDEMPOTENCY_KEY = {
  ...{ name: "Idempotency-Key", in: "header", required: false },
  description:
    "With the same key, the same request is carried out once, and answered as it was, for a day, as long as there is room for the answer. Of a list that is imported only method and URL are compared. A dry run takes no key.",
  schema: { type: "string", minLength: 1, maxLength: 128 },
};

function requestBody(route: Route, body: BodySpec): JsonSchema {
  const content =
    "stream" in body
      ? { [body.stream]: { schema: { type: "string" } } }
      : { "application/json": { schema: jsonSchemaOf(body, "input") } };
  return { required: route.bodyOptional !== true, content };
}

function responsesOf(route: Route): JsonSchema {
  const own = Object.entries(route.answers).map(
    ([status, spec]) => [status, responseOf(spec)] as const,
  );
  const problems = problemsOf(route).map(
    (status) => [String(status), problemResponse(status)] as const,
  );
  return Object.fromEntries([...own, ...problems, TOO_LONG]);
}

/** Refused before any route is found, so that there is no body. */
const TOO_LONG = [
  "431",
  { description: `The request's head is longer than ${MOST_HEAD_BYTES} bytes` },
] as const;

function responseOf({ description, schema, media }: AnswerSpec): JsonSchema {
  if (media !== undefined) {
    const bytes = { type: "string", format: "binary" };
    const content = [media].flat().map((each) => [each, { schema: bytes }]);
    return { description, content: Object.fromEntries(content) as JsonSchema };
  }
  if (schema === undefined) return { description };
  const json = { schema: jsonSchemaOf(schema, "output") };
  return { description, content: { "application/json": json } };
}

/** Statuses of the problems that a route may answer with. */
export function problemsOf(route: Route): readonly number[] {
  const { lets, query, body, path } = route;
  const changes = lets?.changes === true;
  const statuses = [
    ...(query || body || changes ? [400] : []),
    ...(lets ? [401, 403] : []),
    ...(paramsOf(path).length > 0 ? [404] : []),
    ...(body ? [413] : []),
    ...(changes ? [409, 422, 507] : []),
    ...[429, 500, 503],
    ...(route.problems ?? []),
  ];
  return [...new Set(statuses)].sort((a, b) => a - b);
}

const problemResponse = (status: number): JsonSchema => ({
  description: statusWords[status] ?? "A problem",
  content: {
    "application/problem+json": {
      schema: { $ref: "#/components/schemas/Problem" },
    },
  },
});
