import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { orderAgent } from "../../control/client.js";

/** `tourniquet observe` and `tourniquet enforce`: what the whole host does. */
export function modeCommands(program: Command, config: () => Config): void {
  const turnTo = (mode: "observe" | "enforce", done: string) => async () => {
    await orderAgent(config().controlSocket, "/v1/mode", { mode });
    process.stdout.write(`${done}\n`);
  };
  program
    .command("observe")
    .description(
      "count and report what bans would drop, and drop nothing, until enforce",
    )
    .action(
      turnTo(
        "observe",
        "OBSERVING: packets of banned ranges are counted and reported, not dropped",
      ),
    );
  program
    .command("enforce")
    .description("drop what is banned; ends observe")
    .action(
      turnTo("enforce", "enforcing: packets of banned ranges are dropped"),
    );
}
