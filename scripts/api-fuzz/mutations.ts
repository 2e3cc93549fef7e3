import type { Asked, Plan } from "./request.js";
import type { Operation } from "./document.js";

/** Chosen at random: a place, and something that is as good as anything. */
interface Chance {
  readonly at: number;
  readonly junk: unknown;
}

/** What is other than planned, and what is other once it is written down. */
type Bent = Partial<Plan> & { readonly written?: Partial<Asked> };

interface Mutation {
  readonly name: string;
  readonly bend: (plan: Plan, chance: Chance) => Bent;
}

/** Every way to bend a request for an operation. */
export function mutationsOf(operation: Operation): readonly Mutation[] {
  const { body, path, methods } = operation;
  const others = METHODS.filter((each) => !methods.includes(each));
  return [
    mutation("other method", (_, { at }) => ({
      written: { method: others[at % others.length] ?? "PUT" },
    })),
    mutation("odd header", (plan, { at }) => ({
      headers: { ...plan.headers, ...pick(HEADERS, at) },
    })),
    mutation("odd cookie", (plan, { at }) => ({
      headers: { ...plan.headers, cookie: pick(COOKIES, at) },
    })),
    mutation("odd query", (plan, { at, junk }) => ({
      query: [...plan.query, pick(oddQuery(operation, junk), at)],
    })),
    ...(operation.answers.has(101) ? [upgrade] : []),
    ...(path.includes("{") ? ofIds(operation) : []),
    ...(body?.media.includes("json") ? ofJson : []),
    ...(body
      ? ofBodies
      : [mutation("a body", () => ({ written: { body: "{}" } }))]),
  ];
}

/** As a client of the stream begins it. */
const upgrade: Mutation = {
  name: "upgrade",
  bend: (plan) => ({
    headers: {
      ...plan.headers,
      ...{ connection: "Upgrade", upgrade: "websocket" },
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    },
  }),
};

const mutation = (name: string, bend: Mutation["bend"]): Mutation => ({
  name,
  bend,
});

const pick = <T>(some: readonly T[], at: number): T => some[at % some.length]!;

function ofIds({ path }: Operation): readonly Mutation[] {
  const params = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  return [
    mutation("odd id", (plan, { at }) => ({
      params: { ...plan.params, [pick(params, at)]: pick(TEXTS, at) },
    })),
    // Written as it is, and not as an encoder would.
    mutation("odd path", (_, { at }) => ({
      written: { path: path.replaceAll(/\{\w+\}/g, pick(RAW_IDS, at)) },
    })),
  ];
}

const ofJson: readonly Mutation[] = [
  mutation("wrong type", (plan, { at, junk }) => ({
    body: bentAt(plan.body, at, (parent, key) => (parent[key] = junk)),
  })),
  mutation("missing", (plan, { at }) => ({
    body: bentAt(
      plan.body,
      at,
      (parent, key) => void Reflect.deleteProperty(parent, key),
    ),
  })),
  mutation("extra", (plan, { at, junk }) => ({
    body: withExtra(plan.body, pick(NAMES, at), junk),
  })),
  mutation("odd text", (plan, { at }) => ({
    body: bentAt(
      plan.body,
      at,
      (parent, key) => (parent[key] = pick(TEXTS, at)),
    ),
  })),
  mutation("too long", (plan, { at }) => ({
    body: bentAt(
      plan.body,
      at,
      (parent, key) => (parent[key] = longer(parent[key])),
    ),
  })),
  mutation("odd number", (plan, { at }) => ({
    body: bentAt(
      plan.body,
      at,
      (parent, key) => (parent[key] = pick(NUMBERS, at)),
    ),
  })),
  mutation("no object", (_, { junk }) => ({
    written: { body: JSON.stringify(junk) },
  })),
  mutation("no JSON", (_, { at }) => ({
    written: { body: pick(NO_JSON, at) },
  })),
];

const ofBodies: readonly Mutation[] = [
  mutation("other content", (plan, { at }) => ({
    headers: { ...plan.headers, "content-type": pick(MEDIA, at) },
  })),
  mutation("no body", () => ({ written: { body: undefined } })),
  mutation("odd bytes", () => ({
    written: { body: Uint8Array.of(0x22, 0xff, 0xfe, 0xc0, 0x80, 0, 0x22) },
  })),
];

/** A copy, bent at one of its places; what has none stays as it is. */
function bentAt(
  value: unknown,
  at: number,
  bend: (parent: Record<string, unknown>, key: string) => void,
): unknown {
  const copy = structuredClone(value);
  const places: (readonly [Record<string, unknown>, string])[] = [];
  const look = (each: unknown): void => {
    if (typeof each !== "object" || each === null) return;
    for (const [key, inner] of Object.entries(each)) {
      places.push([each as Record<string, unknown>, key]);
      look(inner);
    }
  };
  look(copy);
  if (places.length === 0) return copy;
  bend(...pick(places, at));
  return copy;
}

/** `__proto__` is a field like others in JSON, and in no literal. */
function withExtra(value: unknown, name: string, junk: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const extra = JSON.parse(`{${JSON.stringify(name)}: null}`) as object;
  const copy: object = Object.assign(Object.create(null) as object, value);
  for (const key of Object.keys(extra)) {
    Object.defineProperty(copy, key, { value: junk, enumerable: true });
  }
  return copy;
}

function longer(value: unknown): unknown {
  if (typeof value === "number") return value * 1e12 + 1e15;
  if (Array.isArray(value)) return new Array(10_001).fill(value[0] ?? "a");
  return "a".repeat(5_000);
}

function oddQuery({ parameters }: Operation, junk: unknown) {
  const some = parameters.filter((each) => each.in === "query");
  return [
    ...some.flatMap(({ name }) => [
      [name, JSON.stringify(junk).slice(0, 500)] as const,
      ...TEXTS.slice(0, 12).map((text) => [name, text.slice(0, 600)] as const),
    ]),
    ...NAMES.map((name) => [name, "1"] as const),
  ];
}

const METHODS = [
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "PROPFIND",
  "TRACE",
];

const NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "a.b",
  "$ref",
  "ünïcode",
  "id",
];

const TEXTS = [
  ...[
    "",
    " ",
    "\0",
    "null",
    "-1",
    "9".repeat(30),
    "1e309",
    "NaN",
    "a\nb",
    "\u202e",
  ],
  ...["\ud800", "😀".repeat(9), "../../etc", "__proto__", "%00", "' OR 1=1 --"],
  ...[
    "opr-0000000000000000",
    "e\u0301\u0327",
    "a".repeat(256),
    "a".repeat(257),
    "[]",
  ],
];

const RAW_IDS = [
  ...[
    "%",
    "%zz",
    "%00",
    "%2e%2e",
    "%2f",
    "..",
    ".",
    "",
    "%ff",
    "a%20b",
    ";x=1",
  ],
  ...[
    "a/b",
    "%F0%9F%98%80",
    "%C0%80",
    "a".repeat(1_000),
    "a".repeat(7_000),
    "~",
  ],
];

const NUMBERS = [...[0, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324]];

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { "idempotency-key": "" },
  { "idempotency-key": "a b" },
  { "idempotency-key": "same" },
  { "idempotency-key": "x".repeat(129) },
  { "idempotency-key": "\u00e9" },
  { accept: "text/html" },
  { accept: "application/xml;q=0.1, */*;q=0" },
  { "accept-encoding": "br;q=1.0, gzip" },
  { "content-encoding": "gzip" },
  { "if-none-match": '"x", W/"y"' },
  { "if-match": "x" },
  { range: "bytes=0-1" },
  { origin: "https://other.example" },
  { origin: "null", "sec-fetch-site": "cross-site" },
  { "x-forwarded-for": "127.0.0.1" },
  { "x-http-method-override": "DELETE" },
  { "x-long": "a".repeat(6_000) },
  { "accept-language": "tlh" },
];

const COOKIES = [
  ...["", ";;;", "tourniquet=", "tourniquet=x", "tourniquet=%00; tourniquet=y"],
  ...[
    "__Host-tourniquet=abc",
    `tourniquet=${"a".repeat(4_000)}`,
    "=;=",
    '"',
    "a=\u00ff",
  ],
];

const MEDIA = [
  "text/plain",
  "application/xml",
  "",
  "application/json; charset=utf-16",
  "multipart/form-data",
];

const NO_JSON = [
  ...["{", "", "nul", "{'a':1}", "[1,]", "\ufeff{}", '{"a":1}{"a":2}', "\0"],
  ...["[".repeat(50_000), `{"a":${"[".repeat(500)}${"]".repeat(500)}}`],
  ...[`"${"a".repeat(1024 * 1024)}"`, "1e999999", '"\\ud800"'],
];
