import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "../support/vectors.js";
import { anchorsOf, documents, textOf, withoutBlocks } from "./markdown.js";

/** Targets of all links that lead to files, or to headings of the same one. */
const linksOf = (document: string): readonly string[] =>
  [...withoutBlocks(textOf(document)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

/** Why a link leads nowhere; undefined when it leads somewhere. */
function problemOf(document: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const file =
    path === "" ? document : normalize(join(dirname(document), path));
  if (!existsSync(join(packageRoot, file))) return `${link}: no such file`;
  if (anchor === undefined) return undefined;
  const known = anchorsOf(textOf(file)).has(anchor);
  return known ? undefined : `${link}: no such heading`;
}

/** "test/ledger", "agent/agent.ts" and their like, as they stand in backquotes. */
const pathsOf = (document: string): readonly string[] =>
  [
    ...textOf(document).matchAll(
      /`((?:agent|cloud|docs|installer|scripts|service|test)\/[^`\s]*)`/g,
    ),
  ].map(([, path = ""]) => path);

describe("the documents", () => {
  it.each(documents)("have no link that leads nowhere: %s", (document) => {
    const problems = linksOf(document).map((link) => problemOf(document, link));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  // What changed from version to version goes by the names of then.
  it.each(documents.filter((each) => each !== "CHANGELOG.md"))(
    "name only files and folders that there are: %s",
    (document) => {
      const absent = pathsOf(document).filter(
        (path) => !existsSync(join(packageRoot, path)),
      );
      expect(absent).toEqual([]);
    },
  );

  it("are all within reach of the README", () => {
    const reached = new Set(["README.md"]);
    for (const document of reached) {
      for (const link of linksOf(document)) {
        const file = join(dirname(document), link.split("#")[0] ?? "");
        if (documents.includes(file)) reached.add(file);
      }
    }
    expect([...reached].sort()).toEqual([...documents].sort());
  });
});
