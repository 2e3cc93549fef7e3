import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Takes out of a text whatever is, or may be, a secret. */
export type Redact = (text: string) => string;

export const LEFT_OUT = "(left out)";

/**
 * Leaves out what is secret by its form or by the name before it, and whatever
 * of these secrets is in the text. Too much is left out rather than too little:
 * long digests go with the keys that look like them.
 */
export const redacting =
  (secrets: readonly string[]): Redact =>
  (text) => {
    const known = secrets.reduce(
      (left, secret) => left.replaceAll(secret, LEFT_OUT),
      text,
    );
    return FORMS.reduce((left, [form, by]) => left.replace(form, by), known);
  };

const FORMS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g, LEFT_OUT],
  // Who logs in by an address: https://user:password@proxy.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, `$1${LEFT_OUT}@`],
  [/\b(authorization\s*[:=]\s*)[^\r\n"]+/gi, `$1${LEFT_OUT}`],
  [/\b(bearer|basic)\s+\S+/gi, `$1 ${LEFT_OUT}`],
  [
    /\b([\w-]*(?:password|passphrase|passwd|secret|token|credential|api[-_]?key|private[-_]?key)"?\s*[:=]\s*"?)(?!\(left out\))[^\s",;]+/gi,
    `$1${LEFT_OUT}`,
  ],
  // A token of enrolment, in whole or cut short.
  [/\btq\d\.[\w-]+=*/g, LEFT_OUT],
  [/[\w+=-]{32,}/g, LEFT_OUT],
  // Base64 with slashes: no path has all three kinds of letters so densely.
  [
    /(?=[A-Za-z0-9+/]*[a-z][A-Za-z0-9+/]*)(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*\d)[A-Za-z0-9+/]{32,}={0,2}/g,
    LEFT_OUT,
  ],
];

/** The same for a value of JSON, which stays one: every text, and what is named so. */
export function redacted(value: unknown, redact: Redact): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((each) => redacted(each, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      redact(name),
      isSecretName(name) && typeof inner === "string"
        ? LEFT_OUT
        : redacted(inner, redact),
    ]),
  );
}

/** Names of settings, and of fields, whose values are nobody's business. */
export const isSecretName = (name: string): boolean =>
  /(password|passphrase|passwd|secret|token|credential|api[-_]?key|private[-_]?key)$/i.test(
    name,
  );

/**
 * What the keys and tokens in a folder consist of, so that none of it is told
 * whatever its form. What this user can't read, no part can have read either.
 */
export function secretsIn(folder: string): readonly string[] {
  return namesIn(folder)
    .filter((name) => /\.key$|token|secret|credential/.test(name))
    .flatMap((name) => textOf(join(folder, name)).split(/\s+/))
    .filter((word) => word.length >= SHORTEST);
}

/** Shorter words are in every text. */
const SHORTEST = 8;

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
