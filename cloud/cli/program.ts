import { Command, CommanderError, Option } from "commander";
import { Malformed } from "../../agent/protocol/malformed.js";
import { Refused } from "../../agent/protocol/refusals.js";
import { Failure } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { BadNeverList } from "../decide/never.js";
import { BadFolder } from "../folder.js";
import { JournalRolledBack } from "../journal/view.js";
import { BadRoot } from "../roots/ceremony.js";
import { MustStay } from "../tree/erasable.js";
import { BadProof } from "../tree/proof.js";
import { NotInTree } from "../tree/prover.js";
import { RootHeldBack } from "../roots/readers.js";
import { PlaintextRefused } from "../server.js";
import { BadCaFile } from "../outgoing/authorities.js";
import { BadAddress } from "../setup.js";
import { packageVersion } from "../version.js";
import { addAgentCommands } from "./agent-commands.js";
import { addApprovalCommands } from "./approval-commands.js";
import { addPolicyCommands } from "./policy-commands.js";
import { addAuditCommand } from "./audit-command.js";
import { addBanCommands } from "./ban-commands.js";
import { addConfigCommand } from "./config-command.js";
import { addCarryCommands } from "./carry-commands.js";
import { addDecisionCommands } from "./decision-commands.js";
import { addGlassCommands } from "./glass-commands.js";
import { addIdentityCommands } from "./identity-commands.js";
import { addImpactCommand } from "./impact-commands.js";
import { addImportCommand } from "./import-command.js";
import { shownOnly, type Io } from "./io.js";
import { addConnectCommand } from "./connect-command.js";
import { addOperatorCommands } from "./operator-commands.js";
import { addProposalCommands } from "./proposal-commands.js";
import { addReceiptsCommand } from "./receipt-commands.js";
import { addRegistryCommands } from "./registry-commands.js";
import { addLogCommands } from "./log-commands.js";
import { addRuleCommands } from "./rule-commands.js";
import { addRootCommands } from "./root-commands.js";
import { addSignInCommands } from "./sign-in-commands.js";
import { addSetupCommands } from "./setup-commands.js";
import { addStatusCommand } from "./status-command.js";
import { addTelemetryCommands } from "./telemetry-commands.js";
import { withPlainWait } from "./wait.js";

/**
 * Carries out a command line.
 * @returns the exit code: 0 done, 1 could not be done, 2 was asked wrongly, 3
 * done in part, 4 it waits for a second person
 */
export async function runCommand(
  args: readonly string[],
  given: Io,
): Promise<number> {
  const io = shownOnly(given);
  try {
    const words = [...withPlainWait(args)];
    await makeProgram(io).parseAsync(words, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { message, exitCode } = asFailure(error);
    io.err(`tourniquet-cloud: ${message}`);
    return exitCode;
  }
}

function makeProgram(io: Io): Command {
  const program = new Command("tourniquet-cloud")
    .description("decides, signs and pushes bans to agents")
    .addOption(
      new Option("--dir <dir>", "the cloud's folder").default(
        io.env["TOURNIQUET_CLOUD_DIR"] ?? "./tourniquet-cloud",
        "$TOURNIQUET_CLOUD_DIR, else ./tourniquet-cloud",
      ),
    )
    .option(
      "--ca <file>",
      "PEM of the authority of the cloud's certificate (default: caFile in cloud.json, else the system's)",
    )
    .version(packageVersion(), "--version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .addHelpText("after", WALK);
  addDeciding(program, io);
  program.commandsGroup("What hosts say:");
  addAgentCommands(program, io);
  addReceiptsCommand(program, io);
  addTelemetryCommands(program, io);
  program.commandsGroup("Orgs and hosts:");
  const ofOrgs = [addRegistryCommands, addIdentityCommands, addPolicyCommands];
  for (const add of ofOrgs) add(program, io);
  program.commandsGroup("People:");
  addOperatorCommands(program, io);
  addConnectCommand(program, io);
  addSignInCommands(program, io);
  program.commandsGroup("Hosts without a network:");
  addCarryCommands(program, io);
  program.commandsGroup("The cloud itself, and its keys:");
  addSetupCommands(program, io);
  addConfigCommand(program, io);
  addStatusCommand(program, io);
  addRootCommands(program, io);
  addLogCommands(program, io);
  addAuditCommand(program, io);
  addApprovalCommands(program, io);
  return program;
}

function addDeciding(program: Command, io: Io): void {
  program.commandsGroup("Bans:");
  addDecisionCommands(program, io);
  addImportCommand(program, io);
  addImpactCommand(program, io);
  addBanCommands(program, io);
  addProposalCommands(program, io);
  addRuleCommands(program, io);
  addGlassCommands(program, io);
}

const WALK = `
From nothing to the first ban:
  $ tourniquet-cloud init --dir ./tourniquet-cloud
  $ tourniquet-cloud serve &
  $ until tourniquet-cloud whoami >/dev/null 2>&1; do sleep 0.2; done
  $ tourniquet-cloud org add "Example Hosting"
  $ tourniquet-cloud token --org example-hosting
  $ tourniquet-cloud ban 203.0.113.7 --reason "ssh brute force" --wait`;

/** What is the caller's to mend is 2, the rest is 1. */
function asFailure(error: unknown): { message: string; exitCode: number } {
  if (error instanceof Failure) return error;
  const message = messageOf(error);
  const mendable = [
    BadAddress,
    BadCaFile,
    BadFolder,
    BadNeverList,
    BadProof,
    BadRoot,
    NotInTree,
    RootHeldBack,
    JournalRolledBack,
    Malformed,
    MustStay,
    PlaintextRefused,
    Refused,
  ];
  const exitCode = mendable.some((kind) => error instanceof kind) ? 2 : 1;
  return { message, exitCode };
}
