import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";
import { failed, misused } from "../../../agent/text/failure.js";

interface LogsOptions {
  readonly follow?: boolean;
  readonly lines: string;
  readonly since?: string;
}

/** `tourniquet logs`: what the agent wrote to the journal. */
export function logsCommand(program: Command, stop: AbortSignal): void {
  program
    .command("logs")
    .description("show what the agent wrote to the journal, newest last")
    .option("-f, --follow", "go on showing what comes")
    .option("-n, --lines <n>", "so many of the newest", "50")
    .option("--since <when>", "as journalctl takes it: today, 10min ago")
    .action(async (options: LogsOptions) => {
      const argv = journalArguments(options);
      const terms = { stdio: "inherit", signal: stop } as const;
      const journal = spawn("journalctl", argv, terms);
      const [code] = (await once(journal, "close").catch((error: unknown) => {
        if (stop.aborted) return [0];
        throw failed(
          "there is no journalctl here: the agent's log is where who started it sends it",
          error,
        );
      })) as [number | null];
      if (code !== 0 && code !== null) {
        throw failed("the journal could not be read: run it with sudo");
      }
    });
}

function journalArguments(options: LogsOptions): readonly string[] {
  const { follow, lines, since } = options;
  if (!/^[1-9]\d{0,6}$/.test(lines)) {
    throw misused(`--lines "${lines}" is not a number from 1 up`);
  }
  return [
    ...["--unit", "tourniquet", "--no-pager", "--output", "short-iso"],
    ...["--lines", lines],
    ...(since === undefined ? [] : ["--since", since]),
    ...(follow === true ? ["--follow"] : []),
  ];
}
