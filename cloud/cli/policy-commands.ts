import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { misused } from "../../agent/text/failure.js";
import { checkUnsigned } from "../../agent/trust/policy.js";
import { toldToAll } from "../policies/policies.js";
import { rangesIn, readPolicyFile } from "../policies/policy-file.js";
import { isPolicyProblem, problemsIn } from "../policies/problems.js";
import { addAllowanceCommands } from "./allowance-commands.js";
import {
  policyOf,
  publishPolicy,
  unholdPolicy,
  type Told,
} from "./ask-policies.js";
import { clientOf } from "./client.js";
import { readFile, readSigned, writeNew } from "./drafts.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { dateOf, table } from "./tables.js";
import { waitsFailure } from "./told-waits.js";
import { counted } from "./words.js";

interface Options {
  readonly json?: true;
  readonly file?: true;
  readonly dryRun?: true;
  readonly extend?: true;
  readonly allowance?: string;
}

/** policy, and what is under it. */
export function addPolicyCommands(program: Command, io: Io): void {
  const policy = program
    .command("policy")
    .description("what an org wants of its hosts: ranges that pass, sensors")
    .addHelpText("after", HELP);
  addShow(policy, io);
  addDraft(policy, io);
  addCheck(policy, io);
  addPublish(policy, io);
  addUnhold(policy, io);
  addAllowanceCommands(program, io);
}

const HELP = `
A policy is a file of YAML; docs/policy.md has all that it may say. What lets
more through than now waits until somebody else releases it.

Examples:
  $ tourniquet-cloud policy draft acme policy.yaml
  $ tourniquet-cloud policy check policy.yaml
  $ tourniquet-cloud policy publish acme policy.yaml
  $ tourniquet-cloud policy show acme`;

function addShow(policy: Command, io: Io): void {
  policy
    .command("show")
    .description("what an org wants of its hosts, and which do not go by it")
    .argument("<org>")
    .option("--file", "print the file alone, as it was published")
    .option("--json", JSON_HELP)
    .action(async (org: string, _, command: Command) => {
      const { json, file } = command.optsWithGlobals<Options>();
      const told = await policyOf(clientOf(command), org);
      if (json) io.out(JSON.stringify(told));
      else if (file) io.out(told.file.trimEnd());
      else for (const line of toldPolicy(told)) io.out(line);
    });
}

function addDraft(policy: Command, io: Io): void {
  policy
    .command("draft")
    .description("write the org's policy into a new file, to go on from")
    .argument("<org>")
    .argument("<file>", "must not be there yet")
    .action(async (org: string, file: string, _, command: Command) => {
      const text = await draftOf(org, command);
      writeNew("FILE", file, () => writeFileSync(file, text, { flag: "wx" }));
      io.out(`${file}: edit it, then: tourniquet-cloud policy check ${file}`);
    });
}

function addCheck(policy: Command, io: Io): void {
  policy
    .command("check")
    .description("say what is wrong in a file; needs no cloud and no network")
    .argument("<file>")
    .option("--allowance <file>", ALLOWANCE_HELP)
    .action((file: string, _, command: Command) => {
      const { allowance } = command.optsWithGlobals<Options>();
      const text = withAllowance(readFile("FILE", file), allowance);
      const { org, policy: read } = checked(file, text);
      io.out(
        `${file}: a policy of ${org} that allows ${counted(rangesIn(read), "range")}, with ${counted(read.groups.length, "group")}; nothing is wrong`,
      );
    });
}

function addPublish(policy: Command, io: Io): void {
  policy
    .command("publish")
    .description("have a file count on an org's hosts")
    .argument("<org>")
    .argument("<file>")
    .option("--allowance <file>", ALLOWANCE_HELP)
    .option(
      "--extend",
      "count as long as the file says, though it allows no more",
    )
    .option("--dry-run", "say what it comes to, and publish nothing")
    .option("--json", JSON_HELP)
    .action(async (org: string, path: string, _, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<Options>();
      const file = withAllowance(readFile("FILE", path), options.allowance);
      checked(path, file);
      const { dryRun = false, extend = false } = options;
      const order = { file, dryRun, extend };
      const answer = await publishPolicy(clientOf(command), org, order);
      if ("proposal" in answer) throw waitsFailure(answer, io, json);
      if (json) io.out(JSON.stringify(answer));
      else {
        for (const what of answer.widens) io.out(`it ${what}`);
        io.out(
          answer.version === null
            ? `it allows ${counted(answer.ranges, "range")}; nothing was published`
            : `version ${answer.version} counts; hosts that are connected go by it in a moment`,
        );
      }
    });
}

function addUnhold(policy: Command, io: Io): void {
  policy
    .command("unhold")
    .description("have a decision that rule:harm holds count there again")
    .argument("<org>")
    .argument("<decision>")
    .option("--json", JSON_HELP)
    .action(async (org: string, decision: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const told = await unholdPolicy(clientOf(command), org, decision);
      if (json) io.out(JSON.stringify(told));
      else {
        io.out(
          `${decision} counts again on hosts of ${org}, by version ${told.version}`,
        );
      }
    });
}

const ALLOWANCE_HELP = "what the critical keys signed, for wide ranges";

/** JSON is YAML as well: it goes behind what the file says. */
function withAllowance(text: string, path: string | undefined): string {
  if (path === undefined) return text;
  const allowance = JSON.stringify(readSigned(path, "allowance"));
  return `${text.trimEnd()}\nallowance: ${allowance}\n`;
}

async function draftOf(org: string, command: Command): Promise<string> {
  try {
    const { file } = await policyOf(clientOf(command), org);
    return file;
  } catch (error) {
    if (isUnknown(error)) return TEMPLATE(org);
    throw error;
  }
}

/** The org is there, and has no policy yet. */
const isUnknown = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("there is no policy of");

const TEMPLATE = (org: string): string => `version: 1
org: ${org}
goodFor: 90d
# Ranges that bans of feeds are not enforced on: /24 (IPv6 /48) or longer.
allow: []
#  - ranges: [203.0.113.0/24]
#    until: 2027-01-31
#    why: the office
# Hosts that more is wanted of, by tag or by name.
groups: []
#  - name: web
#    tags: [web]
#    hostnames: ["web-*"]
#    feed: web # bans for this group alone: ban --feed org/${org}/web
#    allow: []
#    sensors:
#      sshd: { maxretry: 8 }
`;

/** By what hosts hold it against, but for signatures: the cloud looks at those. */
function checked(
  file: string,
  text: string,
): ReturnType<typeof readPolicyFile> {
  try {
    const read = readPolicyFile(text);
    const now = Date.now();
    checkUnsigned(toldToAll(read, now), now);
    return read;
  } catch (error) {
    if (!isPolicyProblem(error)) throw error;
    throw misused(`${file}: ${problemsIn(error).join("; ")}`);
  }
}

function toldPolicy(told: Told): readonly string[] {
  const { org, version, publishedBy, publishedAt, expiresAt, hosts } = told;
  const lines = [
    `policy ${version} of ${org}, by ${publishedBy} ${dateOf(publishedAt)}, until ${dateOf(expiresAt)}; signed by ${told.signedBy} keys`,
    `it allows ${counted(told.ranges, "range")}; ${hosts.current} of ${counted(hosts.all, "host")} go by it`,
  ];
  for (const { feed, group, hosts: few } of told.feeds) {
    lines.push(`feed ${feed}: ${counted(few, "host")} of group ${group}`);
  }
  for (const { decision, feed, ranges, until, why } of told.holds) {
    lines.push(
      `${decision} is held until ${dateOf(until)}: ${counted(ranges.length, "range")} of ${feed}; ${why}`,
    );
  }
  if (hosts.others.length === 0) return lines;
  const rows = hosts.others.map((host) => [
    ...[host.agent, host.hostname, host.groups.join(" ")],
    ...[host.version === null ? "none" : String(host.version), whyOf(host)],
  ]);
  const head = ["agent", "host", "groups", "goes by", "why"];
  return [...lines, table(head, rows)];
}

function whyOf({ connected, takes }: Told["hosts"]["others"][number]): string {
  if (!connected) return "not connected";
  return takes === true ? "has not said so yet" : "takes no policy";
}
