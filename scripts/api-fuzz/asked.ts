import fc from "fast-check";
import type { Operation, Parameter, Schema } from "./document.js";
import { mutationsOf } from "./mutations.js";
import type { Asked, Plan } from "./request.js";
import type { Pools } from "./pools.js";
import { someOf, Values } from "./values.js";

/** Requests for an operation, about half of them bent. */
export function askedOf(operation: Operation, pools: Pools) {
  const good = planOf(operation, new Values(pools, operation.path));
  const plain = good.map((plan) => written(operation, plan));
  const bent = mutationsOf(operation).map((mutation) =>
    fc
      .tuple(good, fc.nat(1_000_000), fc.jsonValue({ maxDepth: 2 }))
      .map(([plan, at, junk]) => {
        const { written: asked, ...more } = mutation.bend(plan, { at, junk });
        const from = asked ?? {};
        return {
          ...written(operation, { ...plan, ...more }),
          ...from,
          kind: mutation.name,
        };
      }),
  );
  return fc.oneof(
    { weight: bent.length, arbitrary: plain },
    ...bent.map((arbitrary) => ({ weight: 1, arbitrary })),
  );
}

function planOf(operation: Operation, values: Values): fc.Arbitrary<Plan> {
  const { parameters, body } = operation;
  const of = (where: Parameter["in"]) => {
    const some = parameters.filter((each) => each.in === where);
    const model = some.map(({ name, schema }) => [
      name,
      values.good(schema, name),
    ]);
    const required = some
      .filter((each) => each.required)
      .map(({ name }) => name);
    const shape = Object.fromEntries(model) as Record<
      string,
      fc.Arbitrary<unknown>
    >;
    return someOf(shape, required);
  };
  return fc.record({
    params: of("path").map(texts).map(nameable),
    query: of("query").map((query) => Object.entries(texts(query))),
    headers: of("header").map(texts).map(printable),
    body:
      body === null
        ? fc.constant(undefined)
        : bodyOf(body.schema, body.media, values),
  });
}

/** What is no JSON is a list of ranges, as far as the document has any. */
const bodyOf = (schema: Schema, media: string, values: Values) =>
  media.includes("json")
    ? values.good(schema)
    : fc
        .array(values.good({ type: "string" }, "range"))
        .map((lines) => lines.join("\n"));

const texts = (record: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );

/** Dots go away with the step that they are, however they are encoded. */
const nameable = (params: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      /^\.{0,2}$/.test(value) ? "nothing" : value,
    ]),
  );

/** Only that can stand in a header. */
const printable = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value.replaceAll(/[^\x21-\x7e]/g, "x"),
    ]),
  );

export function written(operation: Operation, plan: Plan): Asked {
  const { method, path, body } = operation;
  const { params, query, headers } = plan;
  const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encoded(params[name] ?? ""),
  );
  const asked = query.map((pair) => pair.map(encoded).join("=")).join("&");
  const media = body && { "content-type": body.media };
  const isText = typeof plan.body === "string" && !body?.media.includes("json");
  return {
    ...{ kind: "good", method },
    path: asked === "" ? named : `${named}?${asked}`,
    headers: { ...media, ...headers },
    body: isText ? plan.body : JSON.stringify(plan.body),
  };
}

/** Lone surrogates have no encoding. */
const encoded = (text: string): string =>
  encodeURIComponent(Buffer.from(text).toString());
