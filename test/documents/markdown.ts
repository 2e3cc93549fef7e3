import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../support/vectors.js";

/** A document's text, by its path from the repository's root. */
export const textOf = (path: string): string =>
  readFileSync(join(packageRoot, path), "utf8");

const markdownIn = (folder: string): readonly string[] =>
  readdirSync(join(packageRoot, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));

/** All documents, by their paths from the repository's root. */
export const documents: readonly string[] = [
  ...markdownIn("."),
  ...markdownIn("docs"),
];

/** The text without what stands between ``` and ```. */
export const withoutBlocks = (text: string): string =>
  text.replaceAll(/^ *```[^]*?^ *```$/gm, "");

/** What stands between ``` and ``` under a heading, or in the first such block of a kind. */
export function blockOf(text: string, opening: string): string {
  const [, after] = text.split(opening);
  if (after === undefined) throw new Error(`there is no ${opening}`);
  return after.split("\n```")[0] ?? "";
}

/** The anchors that a reader of Markdown makes of a text's headings. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutBlocks(text).matchAll(/^#+ (.*)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) {
      anchor = `${slug}-${again}`;
    }
    anchors.add(anchor);
  }
  return anchors;
}
