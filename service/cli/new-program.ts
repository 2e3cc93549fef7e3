import { Command, Option } from "commander";
import type { Config } from "../../agent/config/config.js";
import { printable } from "../../agent/log/printable.js";
import { DEFAULT_CONFIG_FILE } from "../config-file.js";
import { settingsToLook } from "../last-good.js";
import { packageVersion } from "../version.js";

/** The program before it has commands, and which configuration it is told to read. */
export function newProgram(): {
  readonly program: Command;
  readonly file: () => string | undefined;
} {
  const program = new Command("tourniquet")
    .description(
      "Enforces in this host's kernel what its cloud has banned: signed, checked, and undone by itself.",
    )
    .version(packageVersion())
    .addOption(
      new Option(
        "-c, --config <file>",
        `configuration (default: ${DEFAULT_CONFIG_FILE}, which may be absent)`,
      ),
    )
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  const file = () => program.opts<{ config?: string }>().config;
  return { program, file };
}

/** For who only looks: what is wrong with the files is said on the side. */
export function orWarned(file: string | undefined): Config {
  const { config, why } = settingsToLook(file);
  if (why !== undefined) {
    process.stderr.write(`tourniquet: not taken: ${printable(why, 2_000)}\n`);
  }
  return config;
}
