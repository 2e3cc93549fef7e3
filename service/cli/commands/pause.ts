import type { Command } from "commander";
import { orderAgent } from "../../control/client.js";
import { LONGEST_PAUSE_S } from "../../control/order-limits.js";
import { secondsOf } from "../../terminal/duration.js";
import { momentText } from "../../terminal/when.js";

/** `tourniquet pause`: nothing is dropped for a while. */
export function pauseCommand(program: Command, socket: () => string): void {
  program
    .command("pause")
    .description("observe for a while, then enforce again by itself")
    .option("--for <time>", "90s, 15m, 24h at most", "15m")
    .action(async (options: { for: string }) => {
      const seconds = secondsOf("--for", options.for, LONGEST_PAUSE_S);
      const order = orderAgent(socket(), "/v1/pause", { seconds });
      const { until } = (await order) as { until: string };
      process.stdout.write(
        `PAUSED until ${momentText(until)}: nothing is dropped; end it: tourniquet enforce\n`,
      );
    });
}
