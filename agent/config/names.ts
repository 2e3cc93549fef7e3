/** What the names of settings are, as the shape of the file has them. */
export interface Names {
  /** Dotted names of whatever has a value, in the order of the shape. */
  readonly settings: ReadonlyMap<string, unknown>;
  /** Dotted names of what has settings within, and no value of its own. */
  readonly sections: ReadonlySet<string>;
}

/** What is looked at of a schema. */
interface Schema {
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly wrapped?: unknown;
  readonly default?: unknown;
  readonly pipe?: readonly unknown[];
}

/** All names of a shape, each setting with its default as the file would say it. */
export function namesIn(shape: unknown): Names {
  const settings = new Map<string, unknown>();
  const sections = new Set<string>();
  const visit = (schema: unknown, path: string, usual?: unknown): void => {
    const { entries, wrapped, pipe, default: own } = schema as Schema;
    if (entries !== undefined) {
      sections.add(path);
      for (const [name, inner] of Object.entries(entries)) {
        visit(inner, path === "" ? name : `${path}.${name}`);
      }
      return;
    }
    const inner = pipe?.[0] ?? wrapped;
    if (inner === undefined || inner === schema) settings.set(path, usual);
    else visit(inner, path, own ?? usual);
  };
  visit(shape, "");
  return { settings, sections };
}

/**
 * What somebody may have meant by a name that nothing has: what is spelt nearly so
 * beside it, or what has its last part elsewhere. Undefined for nothing near.
 */
export function nearest(name: string, names: Names): string | undefined {
  const known = [...names.settings.keys(), ...names.sections];
  const at = name.lastIndexOf(".");
  const [within, last] = [name.slice(0, at + 1), name.slice(at + 1)];
  const spelt = known
    .filter((each) => each.slice(0, each.lastIndexOf(".") + 1) === within)
    .map((each) => ({ each, far: distance(last, each.slice(within.length)) }))
    .filter(({ each, far }) => each !== "" && far <= mistakesIn(last))
    .sort((one, other) => one.far - other.far);
  const elsewhere = known.filter((each) => each.split(".").at(-1) === last);
  return spelt[0]?.each ?? (elsewhere.length === 1 ? elsewhere[0] : undefined);
}

/** So many mistakes leave a word one that can be known again. */
const mistakesIn = (word: string): number =>
  Math.max(1, Math.floor(word.length / 4));

/**
 * How many letters differ, of words that may be told apart at all: one more, one
 * less, another, or two that changed places. Case counts for nothing.
 */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 3) return Infinity;
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  const cell = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      rows[i]?.push(
        Math.min(
          ...[cell(i - 1, j) + 1, cell(i, j - 1) + 1],
          cell(i - 1, j - 1) + same,
          swapped ? cell(i - 2, j - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return cell(a.length, b.length);
}
