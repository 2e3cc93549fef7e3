import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";

/** `tourniquet leave`: tells the cloud that this host goes. */
export function leaveCommand(program: Command, config: () => Config): void {
  program
    .command("leave")
    .description(
      "tell the cloud that this host goes, once its agent was stopped",
    )
    .action(async () => {
      // Loaded only here: every other command starts faster without it.
      const { leave } = await import("../enrolling.js");
      await leave(config());
    });
}
