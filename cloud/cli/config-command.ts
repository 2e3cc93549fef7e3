import type { Command } from "commander";
import { systemClock } from "../../agent/runtime/clock.js";
import { counted } from "./words.js";
import { misused } from "../../agent/text/failure.js";
import { checkedConfig, type Finding } from "./checked-config.js";
import type { Io } from "./io.js";
import { jsonLines } from "./json.js";

interface Options {
  readonly dir: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly json?: true;
}

/** config check. */
export function addConfigCommand(program: Command, io: Io): void {
  program
    .command("config")
    .description("the settings in cloud.json")
    .command("check")
    .description("say what is wrong with them, without a cloud that runs")
    .option("--tls-cert <file>", "PEM certificate chain, as for serve")
    .option("--tls-key <file>", "PEM private key, as for serve")
    .option("--json", "one line of JSON for each finding")
    .addHelpText("after", HELP)
    .action((_, command: Command) => {
      const { dir, json, ...files } = command.optsWithGlobals<Options>();
      const findings = checkedConfig(dir, tlsOf(files), systemClock.now());
      if (json) jsonLines(io, findings);
      else for (const each of findings) io.out(lineOf(each));
      const wrong = findings.filter((each) => each.wrong).length;
      if (wrong > 0) throw misused(`${counted(wrong, "thing")} to mend`);
    });
}

const HELP = `
Exit codes: 0 nothing is wrong, 2 something has to be mended.

Example:
  $ tourniquet-cloud config check --tls-cert chain.pem --tls-key key.pem`;

function tlsOf({ tlsCert, tlsKey }: Omit<Options, "dir" | "json">) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw misused("--tls-cert and --tls-key go together");
  }
  return { cert: tlsCert, key: tlsKey };
}

function lineOf({ wrong, what, value, message }: Finding): string {
  const shown = value === undefined ? "" : ` (${JSON.stringify(value)})`;
  return `${wrong ? "WRONG" : "ok"}  ${what}${shown}: ${message}`;
}
