import { readFileSync, statSync } from "node:fs";
import type { Command } from "commander";
import { fileFailure } from "../../agent/text/file-failures.js";
import { Failure, misused } from "../../agent/text/failure.js";
import {
  BadRules,
  faultText,
  MOST_RULES_BYTES,
  readRules,
  type RuleFault,
} from "../rules/read-rules.js";
import type { Rule } from "../rules/rule-set.js";
import { rulesOf } from "./ask-proposals.js";
import {
  endShadow,
  publishRules,
  ruleVersionsOf,
  rulesTextOf,
  shadowBansOf,
  shadowRules,
  testRules,
  type VersionItem,
} from "./ask-rules.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { dateOf, table } from "./tables.js";
import { shadowTable, toldRules, toldTrial } from "./told-rules.js";
import { waitsFailure } from "./told-waits.js";
import { counted } from "./words.js";

interface Options {
  readonly json?: true;
  readonly since: string;
  readonly limit: string;
  readonly end?: true;
}

/** rules, and what is under it. */
export function addRuleCommands(program: Command, io: Io): void {
  const rules = program
    .command("rules")
    .description("which rules ban by themselves, and which are only watched")
    .option("--json", JSON_HELP)
    .addHelpText("after", HELP)
    .action(async (_, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const told = await rulesOf(clientOf(command));
      if (json) io.out(JSON.stringify(told));
      else for (const line of toldRules(told)) io.out(line);
    });
  addCheck(rules, io);
  addTest(rules, io);
  addShadow(rules, io);
  addPublish(rules, io);
  addVersions(rules, io);
}

const HELP = `
A file of rules is YAML; docs/rules.md has all that it may say. To change what
decides: check the file, test it on what hosts saw, watch it in the shadow, then
publish it, which somebody else releases.

Examples:
  $ tourniquet-cloud rules show > rules.yaml
  $ tourniquet-cloud rules check rules.yaml
  $ tourniquet-cloud rules test rules.yaml --since 30d
  $ tourniquet-cloud rules shadow rules.yaml
  $ tourniquet-cloud rules publish rules.yaml`;

function addCheck(rules: Command, io: Io): void {
  rules
    .command("check")
    .description("say what is wrong in a file; needs no cloud and no network")
    .argument("<file>", "YAML; - for standard input")
    .option("--json", "one line of JSON for each thing that is wrong")
    .action(async (file: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const text = await textOf(file, io);
      const found = checked(text);
      if ("faults" in found) {
        if (json) jsonLines(io, found.faults);
        else for (const each of found.faults) io.out(faultText(each));
        const many = counted(found.faults.length, "thing");
        throw misused(`${file}: ${many} to mend`);
      }
      if (!json) io.out(`${file}: ${sumText(found.rules)}`);
    });
}

function addTest(rules: Command, io: Io): void {
  rules
    .command("test")
    .description(
      "what a file of rules would have banned, and whom it would hit",
    )
    .argument("<file>", "YAML; - for standard input")
    .option(
      "--since <time>",
      "how far back: 24h, 30d, or permanent for all",
      "30d",
    )
    .option("--json", JSON_HELP)
    .action(async (file: string, _, command: Command) => {
      const { json, since } = command.optsWithGlobals<Options>();
      const text = await goodText(file, io);
      const trial = await testRules(clientOf(command), text, since);
      if (json) io.out(JSON.stringify(trial));
      else for (const line of toldTrial(trial)) io.out(line);
    });
}

function addShadow(rules: Command, io: Io): void {
  rules
    .command("shadow")
    .description("watch what a file of rules would ban, and ban nobody by it")
    .argument(
      "[file]",
      "YAML; - for standard input; none: what they would have banned",
    )
    .option("--end", "watch none any more")
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .action(async (file: string | undefined, _, command: Command) => {
      const { json, limit, end } = command.optsWithGlobals<Options>();
      const client = clientOf(command);
      if (end) {
        if (file !== undefined) throw misused("--end takes no file");
        const { version } = await endShadow(client);
        io.out(`version ${version} is watched no more`);
      } else if (file !== undefined) {
        const text = await goodText(file, io);
        const { version } = await shadowRules(client, text);
        io.out(
          `version ${version} is watched: "tourniquet-cloud rules" shows what it would do`,
        );
      } else {
        const { items } = await shadowBansOf(client, { limit });
        if (json) jsonLines(io, items);
        else io.out(shadowTable(items));
      }
    });
}

function addPublish(rules: Command, io: Io): void {
  rules
    .command("publish")
    .description("have a file of rules decide, once somebody else released it")
    .argument("<file>", "YAML; - for standard input")
    .option("--json", JSON_HELP)
    .action(async (file: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const text = await goodText(file, io);
      const answer = await publishRules(clientOf(command), text);
      if ("proposal" in answer) throw waitsFailure(answer, io, json);
      if (json) io.out(JSON.stringify(answer));
      else io.out(`version ${answer.version} decides`);
    });
}

function addVersions(rules: Command, io: Io): void {
  rules
    .command("show")
    .description("print rules as a file has them")
    .argument("[version]", "0: those of cloud.json (default: those in force)")
    .action(async (version: string | undefined, _, command: Command) => {
      const client = clientOf(command);
      const number =
        version === undefined
          ? (await rulesOf(client)).inForce.version
          : Number(version);
      if (!Number.isInteger(number)) {
        throw misused(`VERSION "${version ?? ""}" is no whole number`);
      }
      io.out((await rulesTextOf(client, number)).text.trimEnd());
    });
  rules
    .command("versions")
    .description("list the last that decided, and the last that were watched")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const { items } = await ruleVersionsOf(clientOf(command));
      if (json) jsonLines(io, items);
      else io.out(table(HEAD, items.map(row)));
    });
}

const HEAD = ["version", "as", "by", "since", "until"];

const row = (each: VersionItem): readonly (string | number)[] => [
  ...[each.version, each.mode, each.by, dateOf(each.at)],
  each.endedAt === null ? "" : dateOf(each.endedAt),
];

function checked(
  text: string,
):
  | { readonly rules: readonly Rule[] }
  | { readonly faults: readonly RuleFault[] } {
  try {
    return { rules: readRules(text) };
  } catch (error) {
    if (error instanceof BadRules) return { faults: error.faults };
    throw error;
  }
}

/** @throws Failure with the first things that are wrong */
async function goodText(file: string, io: Io): Promise<string> {
  const text = await textOf(file, io);
  const found = checked(text);
  if ("rules" in found) return text;
  const lines = found.faults.slice(0, MOST_LINES).map(faultText);
  throw misused(`${file}: ${lines.join("; ")}`);
}

const MOST_LINES = 3;

/** No more than rules may have, and one byte. */
async function textOf(file: string, io: Io): Promise<string> {
  if (file !== "-") return fileText(file);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of io.input()) {
    const piece = Buffer.from(chunk as Uint8Array);
    chunks.push(piece);
    bytes += piece.length;
    if (bytes > MOST_RULES_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function fileText(file: string): string {
  try {
    if (statSync(file).size > MOST_RULES_BYTES) {
      throw misused(`FILE "${file}" has more than ${MOST_RULES_BYTES} bytes`);
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw misused(`FILE "${file}": ${fileFailure(error)}`, error);
  }
}

const sumText = (rules: readonly Rule[]): string =>
  `${counted(rules.length, "rule")}, and nothing is wrong`;
