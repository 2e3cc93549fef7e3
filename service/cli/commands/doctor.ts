import type { Command } from "commander";
import { countText } from "../../../agent/text/count.js";
import { failed } from "../../../agent/text/failure.js";
import { settingsToLook } from "../../last-good.js";
import { paintFor } from "../../terminal/paint.js";
import { roomOf } from "../../terminal/table.js";

/** `tourniquet doctor`: what is wrong, what it means, and what mends it. */
export function doctorCommand(
  program: Command,
  file: () => string | undefined,
): void {
  program
    .command("doctor")
    .description(
      "look at all that bans rest on, and say what mends what is wrong",
    )
    .option("--json", "print one JSON object a line")
    .action(async ({ json }: { readonly json?: boolean }) => {
      // Loaded only here: every other command starts faster without it.
      const { doctorText, examine } = await import("../doctor/doctor.js");
      const { config, why } = settingsToLook(file());
      const checks = await examine(config, why);
      const { stdout } = process;
      const text = json
        ? checks.map((check) => JSON.stringify(check)).join("\n")
        : doctorText(checks, paintFor(stdout, process.env), roomOf(stdout));
      stdout.write(`${text}\n`);
      const bad = checks.filter(({ state }) => state === "bad").length;
      if (bad > 0) throw failed(`${countText(bad, "check")} failed`);
    });
}
