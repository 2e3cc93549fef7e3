import { readFileSync } from "node:fs";
import { Option, type Command } from "commander";
import { silentLogger } from "../../agent/log/logger.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { failed, misused } from "../../agent/text/failure.js";
import { fileFailure } from "../../agent/text/file-failures.js";
import { isOperatorName, NAME_WORDS } from "../operators/names.js";
import { beginNewEpochs } from "../new-epochs.js";
import { checkAddresses, foundCloud, loadCloud } from "../setup.js";
import type { Io } from "./io.js";

interface InitOptions {
  readonly dir: string;
  readonly name: string;
  readonly listen: string;
  readonly publicUrl?: string;
  readonly admin: string;
  readonly v1Agents?: true;
}

interface ServeOptions {
  readonly dir: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly logFormat: "text" | "json";
}

/** init, serve, new-epoch. */
export function addSetupCommands(program: Command, io: Io): void {
  addInit(program, io);
  addServe(program, io);
  addNewEpoch(program, io);
}

function addInit(program: Command, io: Io): void {
  program
    .command("init")
    .description("make a cloud: its keys, its root and its first operator")
    .option("--name <name>", "what agents know it by", "tourniquet")
    .option("--listen <host:port>", "where it will listen", "127.0.0.1:8443")
    .option("--public-url <url>", "where agents reach it: needed with TLS")
    .option("--admin <name>", "what its first operator is called", "admin")
    .option("--v1-agents", "with a root that agents before 0.4.0 can read")
    .addHelpText(
      "after",
      "\nExample:\n  $ tourniquet-cloud init --dir ./cloud --name example",
    )
    .action((_, command: Command) => {
      const { dir, name, ...rest } = command.optsWithGlobals<InitOptions>();
      const { listen, publicUrl, admin, v1Agents } = rest;
      if (!isOperatorName(admin)) {
        throw misused(`--admin "${admin}": ${NAME_WORDS}`);
      }
      const founding = { dir, name, listen, publicUrl, admin, v1Agents };
      foundCloud(founding, systemClock);
      io.out(`made the cloud "${name}" in ${dir}`);
      io.err(
        `the key of the root lies in ${dir}/keys with the others: whoever takes this machine can replace every key. "tourniquet-cloud root --help" moves it to another; docs/key-ceremony.md says how`,
      );
    });
}

function addServe(program: Command, io: Io): void {
  program
    .command("serve")
    .description("run the cloud until it is told to stop")
    .option("--tls-cert <file>", "PEM certificate chain")
    .option("--tls-key <file>", "PEM private key")
    .addOption(
      new Option("--log-format <format>", "text or json")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ tourniquet-cloud serve --dir ./cloud
  $ tourniquet-cloud serve --dir ./cloud --tls-cert chain.pem --tls-key key.pem`,
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<ServeOptions>();
      // Loaded only here: every other command starts in half the time without.
      const [{ startCloud }, { openLogger }] = await Promise.all([
        import("../cloud.js"),
        import("../../agent/log/winston-logger.js"),
      ]);
      const log = openLogger({ level: "info", format: options.logFormat });
      const config = loadCloud(options.dir, tlsOf(options));
      checkAddresses(config);
      await using cloud = await startCloud(config, { clock: systemClock, log });
      io.out(`listening on ${cloud.url}`);
      const why = await Promise.race([io.stopped(), cloud.broken]);
      if (why) throw failed(why.message, why);
    });
}

function addNewEpoch(program: Command, io: Io): void {
  program
    .command("new-epoch")
    .description("begin every feed anew with its bans, after a restore")
    .addHelpText(
      "after",
      "\nThe cloud must not run. Agents fetch all bans when it does again.\n\nExample:\n  $ tourniquet-cloud new-epoch --dir ./cloud",
    )
    .action(async (_, command: Command) => {
      const { dir } = command.optsWithGlobals<{ dir: string }>();
      const renewed = await beginNewEpochs(loadCloud(dir, undefined), {
        ...{ clock: systemClock, log: silentLogger },
      });
      for (const { feed, epoch, bans } of renewed) {
        io.out(`${feed} begins epoch ${epoch} with ${bans} bans`);
      }
    });
}

function tlsOf({ tlsCert, tlsKey }: ServeOptions) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw misused("--tls-cert and --tls-key go together");
  }
  return {
    cert: readPem("--tls-cert", tlsCert),
    key: readPem("--tls-key", tlsKey),
    files: { cert: tlsCert, key: tlsKey },
  };
}

function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = fileFailure(cause);
    throw misused(`${option} "${path}" cannot be read: ${why}`, cause);
  }
}
