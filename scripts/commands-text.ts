import { makeProgram } from "../service/cli/program.js";
import {
  EXIT_CODES,
  OWN_EXIT_CODES,
  pagesOf,
  type CommandPage,
} from "../service/cli/command-tree.js";

/** All commands of the host's program, as Markdown. */
export function commandsText(): string {
  const never = new AbortController().signal;
  const pages = pagesOf(makeProgram(never, never));
  const groups = [...new Set(pages.map(({ group }) => group))];
  return `${[
    "# The host's commands",
    "",
    ...paragraph(INTRODUCTION),
    "",
    ...paragraph(
      `Exit codes, where a command says nothing else: ${EXIT_CODES.map(([code, what]) => `${code} ${what}`).join(", ")}.`,
    ),
    ...groups.flatMap((group) => [
      "",
      `## ${group.replace(/:$/, "")}`,
      ...pages.filter((page) => page.group === group).flatMap(pageText),
    ]),
  ].join("\n")}\n`;
}

const INTRODUCTION =
  "Written by `node dist/scripts/commands-document.js` from the tree of commands that `tourniquet --help` and the man pages are made of. What each is good for is told in [operate.md](operate.md). All of them take `-c FILE`, the configuration. What `--json` prints is described in [commands.schema.json](commands.schema.json), by a JSON Schema for each command: of the object, or of each line.";

function pageText(page: CommandPage): string[] {
  const { name, usage, description, options } = page;
  const ownCodes = OWN_EXIT_CODES.get(name);
  return [
    "",
    `### ${code(usage)}`,
    "",
    ...paragraph(sentence(escaped(description))),
    ...(options.length === 0 ? [] : [""]),
    ...options.flatMap((option) =>
      paragraph(
        `- ${code(option.flags)}: ${escaped(option.description)}`,
        "  ",
      ),
    ),
    ...(ownCodes === undefined
      ? []
      : ["", ...paragraph(`Exit code: ${escaped(ownCodes)}.`)]),
  ];
}

const code = (text: string): string => `\`${text}\``;

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** In running text these would be markup. */
const escaped = (text: string): string =>
  text.replaceAll("<", "\\<").replaceAll("*", "\\*");

/** Broken at 120 columns, as all documents are. */
function paragraph(text: string, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > 120) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
