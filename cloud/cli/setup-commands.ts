import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { systemClock } from "../../agent/clock.js";
import { openLogger } from "../../agent/log/winston-logger.js";
import { startCloud } from "../cloud.js";
import { foundCloud, loadCloud } from "../setup.js";
import { CommandFailed, type Io } from "./io.js";

interface InitOptions {
  readonly dir: string;
  readonly name: string;
  readonly listen: string;
  readonly publicUrl?: string;
}

interface ServeOptions {
  readonly dir: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly logFormat: string;
}

/** init, serve. */
export function addSetupCommands(program: Command, io: Io): void {
  program
    .command("init")
    .description("make a cloud: its keys, its root and its first operator")
    .option("--name <name>", "what agents know it by", "tourniquet")
    .option("--listen <host:port>", "where it will listen", "127.0.0.1:8443")
    .option("--public-url <url>", "where agents reach it: needed with TLS")
    .addHelpText(
      "after",
      "\nExample:\n  $ tourniquet-cloud init --dir ./cloud --name example",
    )
    .action((_, command: Command) => {
      const { dir, name, listen, publicUrl } =
        command.optsWithGlobals<InitOptions>();
      foundCloud({ dir, name, listen, publicUrl }, systemClock);
      io.out(`made the cloud "${name}" in ${dir}`);
    });

  program
    .command("serve")
    .description("run the cloud until it is told to stop")
    .option("--tls-cert <file>", "PEM certificate chain")
    .option("--tls-key <file>", "PEM private key")
    .option("--log-format <format>", "text or json", "text")
    .addHelpText(
      "after",
      `
Examples:
  $ tourniquet-cloud serve --dir ./cloud
  $ tourniquet-cloud serve --dir ./cloud --tls-cert chain.pem --tls-key key.pem`,
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<ServeOptions>();
      const format = options.logFormat === "json" ? "json" : "text";
      const log = openLogger({ level: "info", format });
      const config = loadCloud(options.dir, tlsOf(options));
      await using cloud = await startCloud(config, { clock: systemClock, log });
      io.out(`listening on ${cloud.url}`);
      await io.stopped();
    });
}

function tlsOf({ tlsCert, tlsKey }: ServeOptions) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CommandFailed("--tls-cert and --tls-key go together", 2);
  }
  return {
    cert: readPem("--tls-cert", tlsCert),
    key: readPem("--tls-key", tlsKey),
  };
}

function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CommandFailed(`${option} "${path}" cannot be read`, 2, { cause });
  }
}
