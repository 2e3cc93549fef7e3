import fc from "fast-check";
import type { Schema } from "./document.js";
import { CONTESTED, SESSION, SIGNER } from "./signer.js";
import { kindOf, type Pools } from "./pools.js";

/** What fits a schema, with the names that the cloud knows where they are meant. */
export class Values {
  constructor(
    readonly pools: Pools,
    readonly path: string,
  ) {}

  /** @param name of the field or the parameter, where it has one */
  good(schema: Schema, name = ""): fc.Arbitrary<unknown> {
    const hint = this.#hinted(schema, name);
    const plain = this.#plain(schema, name);
    if (hint === undefined) return plain;
    return fc.oneof(
      { weight: 9, arbitrary: hint },
      { weight: 1, arbitrary: plain },
    );
  }

  #plain(schema: Schema, name: string): fc.Arbitrary<unknown> {
    if ("const" in schema) return fc.constant(schema["const"]);
    if (Array.isArray(schema["enum"]))
      return fc.constantFrom(...(schema["enum"] as unknown[]));
    for (const key of ["anyOf", "oneOf"]) {
      const some = schema[key] as readonly Schema[] | undefined;
      if (some) return fc.oneof(...some.map((each) => this.good(each, name)));
    }
    switch (schema["type"]) {
      case "object":
        return this.#object(schema);
      case "array":
        return this.#array(schema, name);
      case "string":
        return text(schema);
      case "integer":
        return fc.integer(bounds(schema));
      case "number":
        return fc.double({ ...bounds(schema), noNaN: true });
      case "boolean":
        return fc.boolean();
      case "null":
        return fc.constant(null);
      default:
        return fc.jsonValue({ maxDepth: 2 });
    }
  }

  #object({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
    const shapes = Object.entries(properties as Record<string, Schema>);
    const model = Object.fromEntries(
      shapes.map(([name, schema]) => [name, this.good(schema, name)]),
    );
    return someOf(model, required as string[]);
  }

  #array({ items, minItems, maxItems }: Schema, name: string) {
    const each = this.good((items ?? {}) as Schema, name.replace(/s$/, ""));
    const [least, most] = [
      Number(minItems ?? 0),
      Number(maxItems ?? MOST_ITEMS),
    ];
    return fc.array(each, {
      ...{ minLength: least, maxLength: Math.min(most, least + MOST_ITEMS) },
    });
  }

  #hinted(schema: Schema, name: string): fc.Arbitrary<unknown> | undefined {
    if (schema["type"] !== "string" || "enum" in schema) return undefined;
    const fixed = HINTS[`${this.path} ${name}`] ?? HINTS[name];
    if (fixed !== undefined) return fixed;
    const kind =
      name === "cursor" ? `cursor ${this.path}` : kindBefore(this.path, name);
    // A page begins nowhere but where an answer said so.
    const other = examplesOf(schema) ?? text(schema);
    const fallback = name === "cursor" ? fc.constant(undefined) : other;
    return fc
      .tuple(fc.nat(10_000), fallback)
      .map(([by, other]) => this.pools.pick(kind, by) ?? other);
  }
}

/** Few fields go with all others: some have no more than one that may be left out. */
export const someOf = (
  model: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  requiredKeys: string[],
): fc.Arbitrary<Record<string, unknown>> => {
  const optional = Object.keys(model).filter(
    (name) => !requiredKeys.includes(name),
  );
  const only = (more: readonly string[]) =>
    fc.record(
      Object.fromEntries(
        [...requiredKeys, ...more].map((name) => [name, model[name]!]),
      ),
    );
  return fc.oneof(only([]), ...optional.map((name) => only([name])), {
    weight: optional.length + 1,
    arbitrary: fc.record(model, { requiredKeys }),
  });
};

/** Of a parameter in a path, what stands before it says what it names. */
function kindBefore(path: string, name: string): string {
  const at = path.indexOf(`/{${name}}`);
  return at === -1 ? name : kindOf(path.slice(0, at));
}

const range = fc.oneof(
  fc.nat(255).map((last) => `203.0.113.${last}`),
  fc.nat(255).map((last) => `198.51.100.${last}`),
  fc.nat(0xffff).map((last) => `2001:db8::${last.toString(16)}`),
  fc.nat(255).map((third) => `198.18.${third}.0/24`),
  // So wide that it takes a second person.
  fc.nat(15).map((part) => `46.${part * 16}.0.0/12`),
);

const RULES = fc.constantFrom("sshd", "nginx").map(
  (sensor) => `version: 1
rules:
  - name: fuzz
    sees: { sensors: [${sensor}] }
    within: 10m
    needs: { orgs: 3 }
    ban: { for: 1h }
`,
);

const POLICY = fc
  .constantFrom(
    "[]",
    `[{ ranges: [203.0.113.0/24], until: ${inDays(30)}, why: fuzz }]`,
  )
  .map(
    (allow) => `version: 1
org: acme
goodFor: 90d
allow: ${allow}
`,
  );

/** Of names that no schema can know: what the stage made, and ranges for documents. */
const HINTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  range,
  org: fc.constantFrom("acme", "globex"),
  feed: fc.constantFrom("urgent", "reputation", "org/acme", "org/globex"),
  collection: fc.constantFrom("reputation", "org/acme"),
  name: fc.stringMatching(/^[a-z]{4,16}$/),
  for: fc.constantFrom("30s", "15m", "4h"),
  rings: fc.constantFrom("10s,20s,30s", "1m,2m,3m"),
  [`${SESSION} name`]: fc.oneof(
    { weight: 9, arbitrary: fc.constant(SIGNER.name) },
    { weight: 1, arbitrary: fc.constant("nobody") },
  ),
  ...{ "/api/v1/rules text": RULES, "/api/v1/rules/shadow text": RULES },
  "/api/v1/rules/test text": RULES,
  "/api/v1/rules/versions/{version} version": fc.constantFrom("1", "2", "3"),
  "/api/v1/orgs/{org}/policy file": POLICY,
  "/api/v1/contests/open address": fc.constantFrom(...CONTESTED),
  [`${SESSION} password`]: fc.constant(SIGNER.password),
  password: fc.stringMatching(/^[a-zA-Z0-9]{16,24}$/),
};

function examplesOf({ examples }: Schema): fc.Arbitrary<string> | undefined {
  if (!Array.isArray(examples) || examples.length === 0) return undefined;
  return fc.constantFrom(...(examples as string[]));
}

function text(schema: Schema): fc.Arbitrary<string> {
  const format = FORMATS[String(schema["format"])];
  if (format !== undefined) return format;
  const least = Number(schema["minLength"] ?? 0);
  const most = Math.min(
    Number(schema["maxLength"] ?? LONGEST),
    least + LONGEST,
  );
  const pattern = schema["pattern"];
  const any = fc.string({ minLength: least, maxLength: most });
  if (typeof pattern !== "string") return any;
  const regex = new RegExp(pattern, "u");
  const long = "a".repeat(least);
  try {
    // Some classes of Unicode are beyond it; most texts fit these anyway.
    return fc
      .stringMatching(regex, { maxLength: most })
      .map((each) => (each.length >= least ? each : long));
  } catch {
    return any.map((each) => (regex.test(each) ? each : long));
  }
}

const FORMATS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "date-time": fc
    .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
    .map((date) => date.toISOString()),
  uri: fc.constantFrom("https://127.0.0.1:9/", "https://nobody.invalid/list"),
};

const bounds = ({ minimum = -1e6, maximum = 1e6 }: Schema) => ({
  min: Number(minimum),
  max: Math.max(Number(minimum), Number(maximum)),
});

function inDays(days: number): string {
  const then = new Date(Date.now() + days * 24 * 60 * 60 * 1_000);
  return then.toISOString().slice(0, 10);
}

const LONGEST = 40;
const MOST_ITEMS = 4;
