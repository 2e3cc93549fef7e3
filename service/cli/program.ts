import type { Command } from "commander";
import { readConfig, readSettings } from "../config-file.js";
import { settingsThatCount } from "../last-good.js";
import { EXIT_CODES } from "./command-tree.js";
import { applyCommand } from "./commands/apply.js";
import { ownBanCommands } from "./commands/ban.js";
import { bansCommand } from "./commands/bans.js";
import { cleanUpCommand } from "./commands/clean-up.js";
import { configCommand } from "./commands/config.js";
import { confirmCommand } from "./commands/confirm.js";
import { diagnoseCommand } from "./commands/diagnose.js";
import { doctorCommand } from "./commands/doctor.js";
import { enableCommand } from "./commands/enable.js";
import { enrolCommand } from "./commands/enrol.js";
import { historyCommand } from "./commands/history.js";
import { hitsCommand } from "./commands/hits.js";
import { leaveCommand } from "./commands/leave.js";
import { logsCommand } from "./commands/logs.js";
import { modeCommands } from "./commands/mode.js";
import { pauseCommand } from "./commands/pause.js";
import { rekeyCommand } from "./commands/rekey.js";
import { releaseCommand } from "./commands/release.js";
import { restoreCommand } from "./commands/restore.js";
import { rollbackCommand } from "./commands/rollback.js";
import { selftestCommand } from "./commands/selftest.js";
import { shellCommands } from "./commands/shell.js";
import { statusCommand } from "./commands/status.js";
import { telemetryCommand } from "./commands/telemetry.js";
import { upgradeCommand } from "./commands/upgrade.js";
import { verifyCommand } from "./commands/verify.js";
import { watchCommand } from "./commands/watch.js";
import { whyCommand } from "./commands/why.js";
import { newProgram, orWarned } from "./new-program.js";

/** All commands, before any of them is carried out. */
export function makeProgram(
  stop: AbortSignal,
  readerLeft: AbortSignal,
): Command {
  const { program, file } = newProgram();
  program.addHelpText("after", HELP);
  addCommands(program, file, { stop, readerLeft });
  return program;
}

function addCommands(
  program: Command,
  file: () => string | undefined,
  { stop, readerLeft }: Record<"stop" | "readerLeft", AbortSignal>,
): void {
  // Who only looks, or takes away, is not stopped by a file that is wrong.
  const config = () => orWarned(file());
  const strict = () => readConfig(file());
  const socket = () => config().controlSocket;
  program.commandsGroup("Every day:");
  statusCommand(program, config);
  whyCommand(program, config);
  bansCommand(program, config, readerLeft);
  hitsCommand(program, config);
  watchCommand(program, socket, [stop, readerLeft]);
  doctorCommand(program, file);
  program.commandsGroup("This host's last word:");
  ownBanCommands(program, socket);
  releaseCommand(program, socket);
  pauseCommand(program, socket);
  modeCommands(program, config);
  program.commandsGroup("Look back, and undo:");
  historyCommand(program, socket);
  rollbackCommand(program, socket);
  confirmCommand(program, socket);
  program.commandsGroup("Look closer:");
  configCommand(program, file);
  verifyCommand(program, config);
  logsCommand(program, stop);
  diagnoseCommand(program, () => readSettings(file()));
  telemetryCommand(program, config);
  selftestCommand(program, config, stop);
  program.commandsGroup("Set up, and take down:");
  enrolCommand(program, strict);
  enableCommand(program, strict);
  leaveCommand(program, strict);
  rekeyCommand(program, strict);
  applyCommand(program, socket);
  cleanUpCommand(program, config);
  shellCommands(program, config);
  program.helpCommand("help [command]", "say what a command is good for");
  program.commandsGroup("For the service manager:");
  runCommand(program, file, stop);
  restoreCommand(program, () => settingsThatCount(file()));
  upgradeCommand(program, () => settingsThatCount(file()).config);
}

function runCommand(
  program: Command,
  file: () => string | undefined,
  stop: AbortSignal,
): void {
  program
    .command("run")
    .description("run the agent until SIGTERM; bans stay in the kernel")
    .action(async () => {
      // Loaded only here: every other command starts faster without it.
      const { runDaemon } = await import("../daemon.js");
      const read = () => readSettings(file());
      await runDaemon({ read, start: () => settingsThatCount(file()) }, stop);
    });
}

/** A person reads these first; all options are in each command's own help. */
const HELP = `
Examples:
  tourniquet status                         is it enforcing, and what is wrong
  tourniquet status --check                 the same for monitoring, by its exit code
  tourniquet doctor                         what is wrong, what it means, what mends it
  tourniquet why 192.0.2.7                  which ban covers it, and what the kernel does
  tourniquet bans 192.0.2.0/24              which bans are on, around or within a range
  tourniquet hits --out                     which process here called a banned address
  tourniquet ban 192.0.2.7 --for 4h         ban it here, whatever the cloud says
  tourniquet allow 192.0.2.9                no ban touches it here, for good
  tourniquet pause --for 15m                drop nothing for a while, then enforce again
  tourniquet rollback --dry-run             what taking back the newest order would do

Exit codes: ${EXIT_CODES.map(([code, what]) => `${code} ${what}`).join(", ")}.`;
