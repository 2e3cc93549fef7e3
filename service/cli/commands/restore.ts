import type { Command } from "commander";
import { timeText } from "../../../agent/text/time.js";
import type { Counting } from "../../last-good.js";

/** `tourniquet restore`: what the ledger knows, into the kernel, before any network. */
export function restoreCommand(
  program: Command,
  settings: () => Counting,
): void {
  program
    .command("restore")
    .description(
      "put the ledger's bans into the kernel and end; for the boot, before the network",
    )
    .action(async () => {
      // Loaded only here: every other command starts faster without it.
      const { restore } = await import("../restoring.js");
      const { config, refused } = settings();
      if (refused !== undefined) {
        const since = timeText(refused.lastGood);
        process.stderr.write(
          `tourniquet: the configuration is refused, the last good one, of ${since}, counts: ${refused.why}\n`,
        );
      }
      process.stdout.write(`${await restore(config)}\n`);
    });
}
