import { counted } from "./words.js";

/** What the cloud says is wrong, or that it was not the cloud who answered. */
export function problemOf(response: Response, body: unknown): string {
  if (response.status === 401 && isSaid(body)) return NOT_AN_OPERATOR;
  const problems = problemsIn(body).map(asSaid);
  if (problems.length > MOST) {
    const rest = counted(problems.length - MOST, "more problem");
    return [...problems.slice(0, MOST), `and ${rest}`].join("; ");
  }
  if (problems.length > 0) return problems.join("; ");
  if (isSaid(body)) return body.message;
  const who = response.url === "" ? "what listens there" : response.url;
  return `${who} answered ${response.status}, and not as a cloud does`;
}

const NOT_AN_OPERATOR =
  "the cloud does not know the token in operator.token: is --dir the folder of this cloud?";

const MOST = 10;

interface Problem {
  readonly field: string;
  readonly value?: unknown;
  readonly message: string;
}

const isSaid = (body: unknown): body is { readonly message: string } =>
  typeof body === "object" &&
  body !== null &&
  "message" in body &&
  typeof body.message === "string";

function problemsIn(body: unknown): readonly Problem[] {
  if (typeof body !== "object" || body === null) return [];
  if (!("problems" in body) || !Array.isArray(body.problems)) return [];
  return body.problems.filter(
    (each: unknown): each is Problem =>
      isSaid(each) && "field" in each && typeof each.field === "string",
  );
}

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
};
