import type { SettingsFile } from "./files.js";
import { readYaml, type YamlText } from "./yaml-text.js";

/** What all files say together. */
export interface Merged {
  readonly value: unknown;
  /** Where a setting, or the nearest around it, is from; undefined: nowhere. */
  readonly placeOf: (path: string) => Place | undefined;
}

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/**
 * Lays each file over those before it: sections are put together, and of anything
 * else the last word counts as a whole.
 * @throws Failure for what is not YAML
 */
export function merge(
  files: readonly SettingsFile[],
  sections: ReadonlySet<string>,
): Merged {
  const from = new Map<string, Source>();
  const value = files.reduce<unknown>((below, { file, text }) => {
    const yaml = readYaml(text, file);
    if (yaml.value === null || yaml.value === undefined) return below;
    return lay(below, yaml.value, { at: "", file, yaml, sections, from });
  }, undefined);
  return { value, placeOf: (path) => placeIn(from, path) };
}

interface Source {
  readonly file: string;
  readonly yaml: YamlText;
}

interface Laying extends Source {
  readonly at: string;
  readonly sections: ReadonlySet<string>;
  readonly from: Map<string, Source>;
}

type Section = Readonly<Record<string, unknown>>;

function lay(below: unknown, above: unknown, how: Laying): unknown {
  const { at, file, yaml, sections, from } = how;
  if (!sections.has(at) || !isSection(above)) {
    from.set(at, { file, yaml });
    return above;
  }
  from.delete(at);
  const under = isSection(below) ? below : {};
  const laid = Object.entries(above).map(([name, inner]) => {
    const path = at === "" ? name : `${at}.${name}`;
    const had = Object.hasOwn(under, name) ? under[name] : undefined;
    return [name, lay(had, inner, { ...how, at: path })] as const;
  });
  // By definition, not assignment: a name such as __proto__ is a name.
  return Object.fromEntries([...Object.entries(under), ...laid]);
}

const isSection = (value: unknown): value is Section =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function placeIn(
  from: ReadonlyMap<string, Source>,
  path: string,
): Place | undefined {
  const names = path === "" ? [] : path.split(".");
  for (let length = names.length; length >= 0; length--) {
    const found = from.get(names.slice(0, length).join("."));
    if (found === undefined) continue;
    return { file: found.file, line: found.yaml.lineOf(names) };
  }
  return undefined;
}
