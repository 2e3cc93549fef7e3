import { Command, Option } from "commander";
import {
  DEFAULT_CONFIG_FILE,
  readConfig,
  readSettings,
} from "../config-file.js";
import { parse } from "../terminal/command-line.js";
import { packageVersion } from "../version.js";
import { applyCommand } from "./commands/apply.js";
import { ownBanCommands } from "./commands/ban.js";
import { bansCommand } from "./commands/bans.js";
import { cleanUpCommand } from "./commands/clean-up.js";
import { configCommand } from "./commands/config.js";
import { confirmCommand } from "./commands/confirm.js";
import { enrolCommand } from "./commands/enrol.js";
import { historyCommand } from "./commands/history.js";
import { hitsCommand } from "./commands/hits.js";
import { modeCommands } from "./commands/mode.js";
import { pauseCommand } from "./commands/pause.js";
import { rekeyCommand } from "./commands/rekey.js";
import { releaseCommand } from "./commands/release.js";
import { restoreCommand } from "./commands/restore.js";
import { rollbackCommand } from "./commands/rollback.js";
import { selftestCommand } from "./commands/selftest.js";
import { statusCommand } from "./commands/status.js";
import { telemetryCommand } from "./commands/telemetry.js";
import { verifyCommand } from "./commands/verify.js";
import { whyCommand } from "./commands/why.js";

/**
 * Carries out one command line; `readerLeft` tells that nobody reads any more
 * what it prints.
 * @throws Failure with one line for the person, and the exit code
 */
export async function run(
  argv: readonly string[],
  stop: AbortSignal,
  readerLeft: AbortSignal = new AbortController().signal,
): Promise<void> {
  await parse(makeProgram(stop, readerLeft), argv);
}

/** All commands, before any of them is carried out. */
export function makeProgram(
  stop: AbortSignal,
  readerLeft: AbortSignal,
): Command {
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
    .addHelpText("after", HELP)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  const file = () => program.opts<{ config?: string }>().config;
  addCommands(program, file, { stop, readerLeft });
  return program;
}

function addCommands(
  program: Command,
  file: () => string | undefined,
  { stop, readerLeft }: Record<"stop" | "readerLeft", AbortSignal>,
): void {
  const config = () => readConfig(file());
  program
    .command("run")
    .description("run the agent until SIGTERM; bans stay in the kernel")
    .action(async () => {
      // Loaded only here: every other command starts faster without it.
      const { runDaemon } = await import("../daemon.js");
      await runDaemon(() => readSettings(file()), stop);
    });
  enrolCommand(program, config);
  statusCommand(program, config);
  bansCommand(program, config, readerLeft);
  const socket = () => config().controlSocket;
  modeCommands(program, config);
  rekeyCommand(program, config);
  ownBanCommands(program, socket);
  pauseCommand(program, socket);
  releaseCommand(program, socket);
  rollbackCommand(program, socket);
  confirmCommand(program, socket);
  historyCommand(program, socket);
  whyCommand(program, config);
  hitsCommand(program, config);
  verifyCommand(program, config);
  applyCommand(program, socket);
  restoreCommand(program, config);
  telemetryCommand(program, config);
  selftestCommand(program, config, stop);
  configCommand(program, file);
  cleanUpCommand(program, config);
}

const HELP = `
Examples:
  tourniquet enrol --token-file token.txt   make this host known to its cloud, once
  tourniquet run                            enforce; as root or with CAP_NET_ADMIN
  tourniquet status                         is it enforcing, and what is wrong
  tourniquet status --check                 the same for monitoring, by its exit code
  tourniquet bans 192.0.2.0/24              which bans are on, around or within a range
  tourniquet bans --held                    what a guard stopped, and which rule
  tourniquet why 192.0.2.7                  which ban covers it, and what the kernel does
  tourniquet hits --out                     which process here called a banned address
  tourniquet ban 192.0.2.7 --for 4h         ban it here, whatever the cloud says
  tourniquet lift 192.0.2.7                 take that back
  tourniquet allow 192.0.2.9                no ban touches it here, for good
  tourniquet observe                        count and report, drop nothing; until enforce
  tourniquet pause --for 15m                the same for a while, then enforce again
  tourniquet release 192.0.2.7 --for 24h    no ban touches it here
  tourniquet history                        what was ordered, newest first, with its reason
  tourniquet rollback --dry-run             what taking back the newest order would do
  tourniquet rollback                       take it back
  tourniquet confirm                        enforce what a trial took back (bans --held)
  tourniquet verify                         did this host get the same as the others
  tourniquet apply FILE                     take in what was carried here, where no network is
  tourniquet rekey                          a new device key, known to the cloud; the old one is void
  tourniquet telemetry show                 exactly what is reported next
  tourniquet restore                        at boot: bans into the kernel, before the network
  tourniquet selftest                       what a ban closes, tried on real packets beside this host
  tourniquet config show --origin           what is settled, and which file says so
  tourniquet clean-up                       take every ban out of the kernel

Exit codes: 0 done, 1 failed or nothing changed, 2 used wrongly, 3 done in part.`;
