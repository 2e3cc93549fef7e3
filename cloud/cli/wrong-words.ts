import { counted } from "./words.js";

/** What the cloud says is wrong, or that it was not the cloud who answered. */
export function problemOf(response: Response, body: unknown): string {
  if (response.status === 401 && isSaid(body)) return NOT_AN_OPERATOR;
  if (textIn(body, "code") === "step-up-needed") return STEP_UP;
  const problems = problemsIn(body).map(asSaid);
  if (problems.length > MOST) {
    const rest = counted(problems.length - MOST, "more problem");
    return [...problems.slice(0, MOST), `and ${rest}`].join("; ");
  }
  if (problems.length > 0) return problems.join("; ");
  if (isSaid(body)) return saidIn(body);
  const who = response.url === "" ? "what listens there" : response.url;
  return `${who} answered ${response.status}, and not as a cloud does`;
}

const NOT_AN_OPERATOR =
  "the cloud does not know the token in operator.token: it is expired or revoked, or --dir is another cloud's folder";

const STEP_UP =
  'show anew who you are by "tourniquet-cloud step-up", then say it again within ten minutes; on the cloud\'s own machine, with --dir its folder, nobody needs to';

const MOST = 10;

interface Problem {
  readonly field: string;
  readonly value?: unknown;
  readonly message: string;
}

/** The API says `detail`, what agents ask says `message`. */
type Said = { readonly detail: string } | { readonly message: string };

const isSaid = (body: unknown): body is Said =>
  textIn(body, "detail") !== undefined || textIn(body, "message") !== undefined;

const saidIn = (body: Said): string =>
  "detail" in body ? body.detail : body.message;

function textIn(body: unknown, name: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const found = (body as Readonly<Record<string, unknown>>)[name];
  return typeof found === "string" ? found : undefined;
}

function problemsIn(body: unknown): readonly Problem[] {
  if (typeof body !== "object" || body === null) return [];
  const { errors, problems = errors } = body as Told;
  return listIn(problems).filter(
    (each): each is Problem =>
      textIn(each, "message") !== undefined &&
      textIn(each, "field") !== undefined,
  );
}

interface Told {
  readonly errors?: unknown;
  readonly problems?: unknown;
}

const listIn = (told: unknown): readonly unknown[] =>
  Array.isArray(told) ? told : [];

/** Who types a command knows options, and no fields of a document. */
function asSaid({ field, value, message }: Problem): string {
  const name = field.replace(/\.\d+$/, "");
  const said = message.startsWith(`${field}: `)
    ? message.slice(field.length + 2)
    : undefined;
  if (said === undefined || !(name in OPTIONS)) return message;
  const option = OPTIONS[name] ?? "";
  const shown = typeof value === "string" ? `"${value}"` : "";
  if (option === "") return said;
  return said.startsWith(shown) && shown !== ""
    ? `${option} ${said}`
    : `${option} ${shown}${isVerb(said) ? " " : ": "}${said}`;
}

/** "is not …" goes on from the value; `"…" is expected` begins anew. */
const isVerb = (said: string): boolean => /^(is|has|may|needs) /.test(said);

/** Empty where the value speaks for itself. */
const OPTIONS: Readonly<Record<string, string | undefined>> = {
  ranges: "",
  range: "",
  feed: "--feed",
  for: "--for",
  reason: "--reason",
  limit: "--limit",
  id: "--id",
  name: "NAME",
  expiresIn: "--expires",
  org: "--org",
  by: "--by",
  ...{ role: "--role", label: "--label", collection: "--collection" },
  limits: "--limits",
};
