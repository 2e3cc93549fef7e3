import * as v from "valibot";
import { describeIssue } from "../protocol/shapes.js";
import { namesIn, nearest } from "./names.js";

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** Dotted name of the setting; empty for the whole. */
  readonly path: string;
  /** "guard.floor.ipv4: must be from 1 to 32". */
  readonly text: string;
}

/** Everything that is wrong with a configuration, at once. */
export class InvalidConfig extends Error {
  override readonly name = "InvalidConfig";

  constructor(
    readonly source: string,
    readonly found: readonly Problem[],
    placeOf: (path: string) => string | undefined = () => undefined,
  ) {
    const lines = found.map(({ path, text }) => {
      const place = placeOf(path);
      return place === undefined ? `  ${text}` : `  ${text} (${place})`;
    });
    const count = `${found.length} ${found.length === 1 ? "problem" : "problems"}`;
    super(`${source} has ${count}:\n${lines.join("\n")}`);
  }

  get problems(): readonly string[] {
    return this.found.map(({ text }) => text);
  }
}

/** What is wrong, and for a name that nothing has, what may have been meant. */
export function problemOf(
  issue: v.BaseIssue<unknown>,
  shape: unknown,
): Problem {
  const path = v.getDotPath(issue) ?? "";
  const meant =
    issue.expected === "never" ? nearest(path, namesIn(shape)) : undefined;
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  return { path, text: `${describeIssue(issue)}${hint}` };
}

/** Of a line that begins with the setting's name. */
export const asProblem = (text: string): Problem => ({
  path: text.slice(0, Math.max(0, text.indexOf(": "))),
  text,
});

/** Names that objects have anyway: what checks shapes passes over them in silence. */
export function unseenNames(value: unknown, within = ""): readonly Problem[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = within === "" ? name : `${within}.${name}`;
    const text = `${path}: is no setting that is known`;
    return UNSEEN.has(name) ? [{ path, text }] : unseenNames(inner, path);
  });
}

const UNSEEN = new Set(["__proto__", "prototype", "constructor"]);
