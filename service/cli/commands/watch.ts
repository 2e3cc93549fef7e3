import type { Command } from "commander";
import { paintFor } from "../../terminal/paint.js";

/** `tourniquet watch`: bans and dropped packets as they come. */
export function watchCommand(
  program: Command,
  socket: () => string,
  ends: readonly AbortSignal[],
): void {
  program
    .command("watch")
    .description("show bans and stopped packets as they come, until Ctrl-C")
    .action(async () => {
      const { watch } = await import("../watching.js");
      const { stdout } = process;
      const paint = paintFor(stdout, process.env);
      const stop = AbortSignal.any([...ends]);
      await watch({ socket: socket(), stop, out: stdout, paint });
    });
}
