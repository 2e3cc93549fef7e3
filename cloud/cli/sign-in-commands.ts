import type { Command } from "commander";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { secretFrom } from "./secrets.js";
import { dateOf } from "./tables.js";

interface Options {
  readonly passwordFile?: string;
  readonly oldPasswordFile?: string;
}

/** operator password, step-up. */
export function addSignInCommands(program: Command, io: Io): void {
  addPassword(operatorIn(program), io);
  addStepUp(program, io);
}

const operatorIn = (program: Command): Command =>
  program.commands.find((each) => each.name() === "operator") ??
  program.command("operator").description("people and machines");

function addPassword(operator: Command, io: Io): void {
  operator
    .command("password")
    .description("set an operator's password; their other sessions end")
    .argument("<operator>", "their name, or their id (opr-…)")
    .option("--password-file <file>", "holds it; - for standard input")
    .option("--old-password-file <file>", "holds your own until now")
    .addHelpText(
      "after",
      `
It is asked for at the terminal unless a file is named. It has at least 12
characters.

Example:
  $ tourniquet-cloud operator password anna`,
    )
    .action(async (called: string, _, command: Command) => {
      const { passwordFile, oldPasswordFile } =
        command.optsWithGlobals<Options>();
      const client = clientOf(command);
      const password = await secretFrom(io, {
        ...{ file: passwordFile, option: "--password-file", twice: true },
        prompt: `the new password of ${called}: `,
      });
      const old =
        oldPasswordFile === undefined
          ? undefined
          : await secretFrom(io, {
              ...{ file: oldPasswordFile, option: "--old-password-file" },
              prompt: "",
            });
      const path = `/operators/${encodeURIComponent(called)}/password`;
      await client.ask("POST", path, { password, old });
      io.out(`${called} signs in with that from now on`);
    });
}

function addStepUp(program: Command, io: Io): void {
  program
    .command("step-up")
    .description("show by your password who you are, for ten minutes")
    .option("--password-file <file>", "holds it; - for standard input")
    .addHelpText(
      "after",
      `
What is dangerous needs it: people, credentials, roots, approvals, revoking, the
release of a dangerous order, and breaking the glass. It counts for the token that
asks. On the cloud's own machine nobody needs it.

Example:
  $ tourniquet-cloud step-up`,
    )
    .action(async (_, command: Command) => {
      const { passwordFile } = command.optsWithGlobals<Options>();
      const client = clientOf(command);
      const password = await secretFrom(io, {
        ...{ file: passwordFile, option: "--password-file" },
        prompt: "your password: ",
      });
      type Answer = { readonly steppedUpUntil: string };
      const asked = { password };
      const { steppedUpUntil } = await client.ask<Answer>(
        ...(["POST", "/session/step-up", asked] as const),
      );
      io.out(`until ${dateOf(Date.parse(steppedUpUntil))}`);
    });
}
