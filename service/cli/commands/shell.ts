import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { misused } from "../../../agent/text/failure.js";
import { messageOf } from "../../../agent/text/message.js";
import { askAgent } from "../../control/client.js";
import { packageVersion } from "../../version.js";

/** What shells and packages ask of the tree of commands. */
export function shellCommands(program: Command, config: () => Config): void {
  program
    .command("completion <shell>")
    .description("print what has a shell complete commands: bash")
    .action(async (shell: string) => {
      if (shell !== "bash") throw misused(`"${shell}" is not known: bash is`);
      const { BASH } = await import("../completion.js");
      process.stdout.write(BASH);
    });
  program
    .command("complete <cword> [words...]", { hidden: true })
    .description("print what may stand at the cursor, a line each")
    .action(async (cword: string, words: readonly string[]) => {
      const { completions } = await import("../completion.js");
      const at = Number(cword);
      const asked = {
        before: words.slice(1, at),
        current: words[at] ?? "",
      };
      const ask = (path: string) => askAgent(config().controlSocket, path);
      const found = await completions(program, asked, ask).catch(() => []);
      process.stdout.write(found.map((word) => `${word}\n`).join(""));
    });
  program
    .command("manual <folder>", { hidden: true })
    .description("write the man pages into a folder, for a package")
    .requiredOption("--date <date>", "of the release, as 2026-11-29")
    .action(async (folder: string, { date }: { readonly date: string }) => {
      if (!/^\d{4}-\d\d-\d\d$/.test(date)) {
        throw misused(`--date "${date}" is not a date such as 2026-11-29`);
      }
      const { manPages } = await import("../man-pages.js");
      const pages = manPages(program, { version: packageVersion(), date });
      try {
        mkdirSync(folder, { recursive: true });
        for (const [name, text] of pages) {
          writeFileSync(join(folder, name), text);
        }
      } catch (error) {
        throw misused(`FOLDER "${folder}": ${messageOf(error)}`, error);
      }
    });
}
