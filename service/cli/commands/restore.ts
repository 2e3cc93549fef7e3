import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";

/** `tourniquet restore`: what the ledger knows, into the kernel, before any network. */
export function restoreCommand(program: Command, config: () => Config): void {
  program
    .command("restore")
    .description(
      "put the ledger's bans into the kernel and end; for the boot, before the network",
    )
    .action(async () => {
      // Loaded only here: every other command starts faster without it.
      const { restore } = await import("../restoring.js");
      process.stdout.write(`${await restore(config())}\n`);
    });
}
