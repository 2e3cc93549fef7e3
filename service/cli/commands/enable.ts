import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { misused } from "../../../agent/text/failure.js";

/** `tourniquet enable`: has the agent run on this host without a cloud. */
export function enableCommand(program: Command, config: () => Config): void {
  program
    .command("enable")
    .description("have the agent run on a host that has no cloud")
    .option(
      "--standalone",
      "sensors, own bans and releases work; a cloud may come later: tourniquet enrol",
    )
    .action(async ({ standalone }: { readonly standalone?: boolean }) => {
      if (standalone !== true) {
        throw misused(
          "--standalone is needed; with a cloud it is: tourniquet enrol --token-file FILE",
        );
      }
      // Loaded only here: every other command starts faster without it.
      const { enableAlone } = await import("../enrolling.js");
      enableAlone(config());
    });
}
