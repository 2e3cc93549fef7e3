import type { Command } from "commander";
import { undo } from "./ask-undo.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { giveOrderOutput } from "./order-output.js";
import { toldUndo } from "./told-undo.js";
import { GLASS_HELP, carriedOut } from "./told-waits.js";
import { WAIT_HELP, waitMsOf, waitOf } from "./wait.js";

interface UndoOptions {
  readonly reason: string;
  readonly wrong?: true;
  readonly dryRun?: true;
  readonly breakGlass?: string;
  readonly wait?: true | number;
  readonly json?: true;
}

/** undo. */
export function addUndoCommand(program: Command, io: Io): void {
  program
    .command("undo")
    .description("take back everywhere what a decision did")
    .argument("<decision>", "as ban, import and decisions name it")
    .requiredOption("--reason <text>", "for whoever asks later")
    .option("--wrong", "it should never have been made")
    .option("--dry-run", "say what it would do, and do nothing")
    .option("--break-glass <why>", GLASS_HELP)
    .option("--wait [time]", WAIT_HELP, waitMsOf)
    .option("--json", JSON_HELP)
    .addHelpText("after", UNDO_HELP)
    .action(async (decision: string, _, command: Command) => {
      const options = command.optsWithGlobals<UndoOptions>();
      const { reason, wrong = false, dryRun = false, json } = options;
      const client = clientOf(command);
      const { breakGlass } = options;
      const order = { reason, wrong, dryRun, breakGlass };
      const answered = await undo(client, decision, order);
      const answer = carriedOut(answered, io, json);
      const made = [answer.decision ?? []].flat();
      await giveOrderOutput(answer, made, toldUndo(answer), {
        ...{ client, io, options: { json, waitMs: waitOf(options.wait) } },
      });
    });
}

const UNDO_HELP = `
Examples:
  $ tourniquet-cloud undo dec-3f2a9c1e0b7d4856 --reason "a wrong list" --wait
  $ tourniquet-cloud undo dec-3f2a9c1e0b7d4856 --reason "not an attacker" --wrong

What the decision put into force and still stands by it goes back to what stood
before it: of a ban, a rule's ban, a whole import, a lift, or an undo. What was
decided on since stays, and is named. --wrong counts against whose word it was.
An hour after the decision, what is wide, or most of a list, takes two persons.

Exit code: 0 all of it is undone, 3 some was decided on since and stays, 1 nothing
changed, 2 wrongly asked, 4 it waits for a second person.`;
