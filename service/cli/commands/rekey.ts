import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { orderAgent } from "../../control/client.js";

/** `tourniquet rekey`: has this host known by a new key. */
export function rekeyCommand(program: Command, config: () => Config): void {
  program
    .command("rekey")
    .description(
      "give this host a new device key; its cloud takes the old one no more",
    )
    .action(async () => {
      const answer = await orderAgent(config().controlSocket, "/v1/rekey", {});
      const { key } = answer as { key: string };
      process.stdout.write(`this host's key is ${key} now\n`);
    });
}
