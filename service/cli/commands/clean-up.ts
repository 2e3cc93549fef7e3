import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { systemBanClock } from "../../../agent/runtime/clock.js";

/** `tourniquet clean-up`: takes everything out of the kernel that it put there. */
export function cleanUpCommand(program: Command, config: () => Config): void {
  program
    .command("clean-up")
    .description(
      "take every ban out of the kernel; a running agent puts them back",
    )
    .action(async () => {
      // Loaded only here: every other command starts faster without it.
      const { pickEnforcer } = await import("../../../agent/enforce/pick.js");
      const { backend } = config().enforce;
      const { platform } = process;
      await using enforcer = await pickEnforcer({
        backend,
        platform,
        clock: systemBanClock,
      });
      await enforcer.cleanUp();
      process.stdout.write("no ban of tourniquet is left in the kernel\n");
    });
}
