import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { failed } from "../../../agent/text/failure.js";

/** `tourniquet selftest`: what a ban closes, shown on real packets. */
export function selftestCommand(
  program: Command,
  config: () => Config,
  stop: AbortSignal,
): void {
  program
    .command("selftest")
    .description(
      "ban a client in namespaces of its own, and show which paths that closes",
    )
    .option("--json", "print one JSON object")
    .action(async ({ json }: { readonly json?: boolean }) => {
      // Loaded only here: every other command starts faster without it.
      const { selftest } = await import("../../selftest/selftest.js");
      const { complaintText, matrixText } =
        await import("../../selftest/text.js");
      const { backend, egress } = config().enforce;
      // Also on a host that only observes: what its bans would close.
      const posture = { mode: "enforce", egress } as const;
      const matrix = await selftest({ backend, posture }, stop);
      const text = json ? JSON.stringify(matrix) : matrixText(matrix);
      process.stdout.write(`${text}\n`);
      const complaint = complaintText(matrix);
      if (complaint !== undefined) throw failed(complaint);
    });
}
