import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { misused } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";
import { parse } from "../service/terminal/command-line.js";
import { dryRun, install, uninstall, type Say } from "./carry-out.js";
import type { Host } from "./host.js";
import { ENTRY, layout } from "./layout.js";
import { planOf, type Setup } from "./plan.js";
import { checkSurroundings, type Surroundings } from "./preflight.js";
import { readProgram } from "./program.js";
import { standing } from "./standing.js";
import { checkEnrolment } from "./steps/enrolment.js";

/** What a command line is carried out on. */
export interface Ports {
  readonly host: Host;
  readonly around: Surroundings;
  readonly say: Say;
}

interface InstallOptions {
  readonly cloud?: string;
  readonly tokenFile?: string;
  readonly reEnrol?: boolean;
  readonly standalone?: boolean;
  readonly ca?: string;
  readonly prefix: string;
  readonly dryRun?: boolean;
}

interface RemoveOptions {
  readonly prefix?: string;
  readonly dryRun?: boolean;
}

/** @throws Failure with what the person has to know, and the exit code */
export async function run(argv: readonly string[], ports: Ports) {
  const program = new Command("install.sh")
    .description("Installs the tourniquet agent as a system service.")
    .addHelpText("after", HELP)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  program
    .command("install", { isDefault: true })
    .description("place, enrol, start; run again, it goes on where it stopped")
    .option("--token-file <file>", "file that holds a one-time token")
    .option("--cloud <url>", "stop unless the token is this cloud's")
    .option("--re-enrol", "enrol a host anew that is enrolled, or was revoked")
    .option("--standalone", "run without a cloud; one may come later")
    .option(
      "--ca <file>",
      "PEM of the authority that signed the cloud's certificate",
    )
    .option("--prefix <folder>", "where the program goes", DEFAULT_PREFIX)
    .option("--dry-run", "show what would be done, and do nothing")
    .action((options: InstallOptions) => carryOut(options, ports));
  program
    .command("uninstall")
    .description("leave the machine as it was: bans, state and identity too")
    .option("--prefix <folder>", "where the program is (default: as installed)")
    .option("--dry-run", "show what would be removed, and remove nothing")
    .action((options: RemoveOptions) => remove(options, ports));
  await parse(program, argv);
}

async function carryOut(options: InstallOptions, ports: Ports): Promise<void> {
  const { host, around, say } = ports;
  checkSurroundings(around);
  const setup: Setup = {
    ...setupOf(prefixOf(options.prefix), around),
    cloud: options.cloud,
    tokenFile: options.tokenFile,
    again: options.reEnrol === true,
    alone: options.standalone === true,
    program: readProgram(TREE),
    authority: options.ca === undefined ? undefined : readPem(options.ca),
  };
  checkEnrolment(host.files, setup);
  const plan = planOf(setup);
  if (options.dryRun === true) {
    say("would do, in this order:");
    return dryRun(plan, host, say);
  }
  say("installing:");
  await install(plan, host, say);
  say(await standing(host, setup));
}

async function remove(options: RemoveOptions, ports: Ports): Promise<void> {
  const { host, around, say } = ports;
  checkSurroundings(around);
  const { prefix = installedPrefix(host) ?? DEFAULT_PREFIX } = options;
  const where = prefixOf(prefix);
  const plan = planOf({
    ...setupOf(where, around),
    ...{ cloud: undefined, tokenFile: undefined, again: false, alone: false },
    authority: "",
    program: { name: "", version: "", parts: [] },
  });
  if (options.dryRun === true) {
    say("would remove, in this order:");
    for (const { name } of plan.toReversed()) say(`  ${name}`);
    return;
  }
  say("uninstalling:");
  await uninstall(plan, host, say);
  say("uninstalled; nothing of it is left");
}

const setupOf = (prefix: string, { node }: Surroundings) => ({
  prefix,
  node,
  templates: join(TREE, "service/units"),
  entry: join(TREE, ENTRY),
});

/** As the command's link tells it. */
function installedPrefix({ files }: Host): string | undefined {
  const target = files.target(layout.command) ?? "";
  return /^(\/.+)\/current\/service\/tourniquet$/.exec(target)?.[1];
}

/** It stands in unit files, where blanks and percent signs have a meaning. */
function prefixOf(text: string): string {
  const prefix = text.replace(/\/+$/, "");
  if (/^(\/[\w.+-]+)+$/.test(prefix) && !/\/\.\.?(\/|$)/.test(prefix)) {
    return prefix;
  }
  throw misused(
    `--prefix "${text}" must be an absolute path of letters, digits and . _ + -`,
  );
}

function readPem(path: string): string {
  const text = readText(path);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw misused(`--ca ${path} holds no PEM certificate`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw misused(`--ca: ${messageOf(error)}`, error);
  }
}

const DEFAULT_PREFIX = "/opt/tourniquet";

/** The built tree, or the installed version, that this file is part of. */
const TREE = join(dirname(fileURLToPath(import.meta.url)), "../..");

const HELP = `
Examples:
  sudo ./installer/install.sh --token-file token
  sudo ./installer/install.sh --token-file token --ca authority.pem --dry-run
  sudo ./installer/install.sh --standalone                 without a cloud
  sudo ./installer/install.sh                              an upgrade: a newer tree
  sudo ./installer/install.sh --re-enrol --token-file token
  sudo /opt/tourniquet/current/installer/install.sh uninstall

Exit codes: 0 done, 1 failed, 2 used wrongly.`;
