import { describe, expect, it } from "@jest/globals";
import { explain } from "../../cloud/query/explain.js";
import { parseQuery } from "../../cloud/query/parse.js";
import { LISTS, withTables } from "../../scripts/query-tables.js";
import { runIn } from "../cloud/cli/operator.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../support/cloud/cloud.js";
import { askAsOperator } from "../support/cloud/people.js";
import { blockOf, textOf } from "./markdown.js";

const text = textOf("docs/query.md");

const blocksOf = (kind: string): readonly string[] =>
  text
    .split(`\n\`\`\`${kind}\n`)
    .slice(1)
    .map((block) => block.split("\n```")[0] ?? "");

/** Commands of a terminal, and what they print there. */
const commands = blocksOf("console")
  .flatMap((block) => block.split(/^\$ /m))
  .filter((each) => each !== "")
  .map((each) => {
    const [command = "", ...lines] = each.trimEnd().split("\n");
    return [command, lines.join("\n")] as const;
  });

/** A command line's words, as a shell takes them out of single quotes. */
const wordsOf = (command: string): readonly string[] =>
  [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) =>
    word.replaceAll("'", ""),
  );

describe("docs/query.md", () => {
  it("has every list's fields, as dist/scripts/query-document.js writes them", () => {
    expect(withTables(text)).toBe(text);
  });

  it.each(LISTS.map((list) => [list.name, list] as const))(
    "has examples of %s, and says what they ask for",
    (name, list) => {
      const lines = blocksOf(name).flatMap((block) =>
        block.split("\n").filter((line) => line !== ""),
      );
      expect(lines.length).toBeGreaterThanOrEqual(4);
      for (let at = 0; at < lines.length; at += 2) {
        const query = parseQuery(lines[at] ?? "", list);
        expect(lines[at + 1]).toBe(`  ${explain(query)}`);
      }
    },
  );

  it("has commands", () => {
    expect(commands.length).toBeGreaterThanOrEqual(8);
  });

  it.each(commands)("prints what it says: %s", async (command, printed) => {
    const [program, ...words] = wordsOf(command);
    expect(program).toBe("tourniquet-cloud");
    using folder = temporaryFolder();
    const { code, out, err } = await runIn(folder.path, ...words);
    expect(code).toBe(words.includes("--explain") ? 0 : 2);
    expect([out, err].filter(Boolean).join("\n")).toBe(printed);
  });

  it("shows the answer to a query that is wrong", async () => {
    await using cloud: TestCloud = await startTestCloud();
    const q = encodeURIComponent("org:acme mod:observe");
    const asked = ["GET", `/agents?q=${q}`] as const;
    const { status, body } = await askAsOperator(cloud, cloud.operator, asked);
    expect(status).toBe(400);
    expect(body).toEqual(JSON.parse(blockOf(text, "```json\n")));
  });
});
