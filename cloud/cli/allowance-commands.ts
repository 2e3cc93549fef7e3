import type { Command } from "commander";
import { parseListedCidr, type Cidr } from "../../agent/model/cidr.js";
import { limits } from "../../agent/protocol/limits.js";
import { messageOf } from "../../agent/text/message.js";
import { misused } from "../../agent/text/failure.js";
import { isoTime } from "../../agent/text/time.js";
import { allowanceOf, draftAllowance } from "../policies/allowance.js";
import { signersFor, type Draft } from "../roots/ceremony.js";
import { readChain } from "../roots/root-files.js";
import {
  addSignCommand,
  collect,
  daysOf,
  readDraft,
  writeDraft,
  writeNew,
} from "./drafts.js";
import type { Io } from "./io.js";
import { isCloud } from "./shown-root.js";

interface Options {
  readonly dir: string;
  readonly add: readonly string[];
  readonly days: string;
}

/** allowance, and what is under it. */
export function addAllowanceCommands(program: Command, io: Io): void {
  const allowance = program
    .command("allowance")
    .description("what the critical keys let an org's policy allow, if wide");
  allowance
    .command("draft")
    .description("write down what is to be signed; needs no network")
    .argument("<org>")
    .argument("<file>", "must not be there yet")
    .option("--add <range>", "may be given several times", collect, [])
    .option("--days <days>", "for how long it is good", "90")
    .action((org: string, file: string, _, command: Command) => {
      const { dir, add, days } = command.optsWithGlobals<Options>();
      const goodForMs = daysOf(days, limits.policyDays) * 86_400_000;
      const wanted = { org, ranges: add.map(rangeOf), goodForMs };
      const draft = withSigners(draftAllowance(wanted, Date.now()), dir);
      writeNew("FILE", file, () => writeDraft(file, draft, "wx"));
      for (const line of shown(draft)) io.out(line);
    });
  addSignCommand(allowance, io, {
    kind: "allowance",
    key: "a critical key, in a file",
    shown,
  });
  allowance
    .command("show")
    .description("what a draft is about, and who has signed it")
    .argument("<file>")
    .action((file: string) => {
      for (const line of shown(readDraft(file))) io.out(line);
    });
}

/** Where the cloud's folder is at hand, who may sign is known. */
const withSigners = (draft: Draft, dir: string): Draft =>
  isCloud(dir)
    ? {
        ...draft,
        signers: signersFor("allowance", readChain(dir).newest.document),
      }
    : draft;

function shown(draft: Draft): readonly string[] {
  const { org, issuedAt, expiresAt, ranges } = allowanceOf(draft);
  const ids = draft.signatures.map(({ key }) => key);
  return [
    `allowance for policies of ${org}: ${ranges.join(", ")}`,
    `made ${isoTime(issuedAt)}, good until ${isoTime(expiresAt)}`,
    `signed by: ${ids.join(", ") || "nobody yet"}`,
  ];
}

function rangeOf(text: string): Cidr {
  try {
    return parseListedCidr(text);
  } catch (error) {
    throw misused(`--add "${text}": ${messageOf(error)}`, error);
  }
}
