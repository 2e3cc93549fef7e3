import type { Command } from "commander";
import {
  orgWeights,
  vouchFor,
  withdrawVouch,
  type WeightItem,
} from "./ask-orgs.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { table } from "./tables.js";
import { waitsFailure } from "./told-waits.js";
import { counted, momentOf } from "./words.js";

interface Options {
  readonly json?: true;
  readonly why: string;
  readonly for: string;
  readonly withdraw?: true;
}

/** org weights. */
export function addWeightCommands(org: Command, io: Io): void {
  org
    .command("weights")
    .description("what each org's word weighs in rules, and why")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const weights = await orgWeights(clientOf(command));
      if (json) {
        jsonLines(io, weights);
        return;
      }
      const rows = weights.flatMap((each) => rowsOf(each));
      io.out(table(["org", "weight", "why"], rows));
    });
}

/** vouch. */
export function addVouchCommand(program: Command, io: Io): void {
  program
    .command("vouch")
    .description(
      "have an org's word count in rules before it has standing; two persons answer for it",
    )
    .argument("<org>")
    .requiredOption(
      "--why <text>",
      "for who releases it, and whoever asks later",
    )
    .option("--for <time>", "365d at most", "90d")
    .option("--withdraw", "nobody answers for it any more; at once, by one")
    .option("--json", JSON_HELP)
    .action(async (org: string, _, command: Command) => {
      const {
        json,
        why,
        for: term,
        withdraw,
      } = command.optsWithGlobals<Options>();
      const client = clientOf(command);
      const came = withdraw
        ? await withdrawVouch(client, org, why)
        : await vouchFor(client, org, { why, for: term });
      if ("proposal" in came) throw waitsFailure(came, io, json);
      if (json) io.out(JSON.stringify(came));
      else
        io.out(
          `${org} weighs ${came.weight.toFixed(2)}: ${reasonsOf(came).join("; ")}`,
        );
    });
}

/** The first reason stands beside the weight, the others below it. */
const rowsOf = (each: WeightItem): readonly (readonly string[])[] =>
  reasonsOf(each).map((reason, at) =>
    at === 0 ? [each.org, each.weight.toFixed(2), reason] : ["", "", reason],
  );

function reasonsOf(each: WeightItem): readonly string[] {
  const { vouch, batch, blames } = each;
  return [
    ...(vouch === null
      ? standingOf(each)
      : [`vouched for by ${vouch.by} until ${momentOf(vouch.expiresAt)}`]),
    ...(batch > 0
      ? [
          `came with ${counted(batch - 1, "other")} within a day: they weigh as one`,
        ]
      : []),
    ...blames.map(
      ({ id, why, at, share }) =>
        `${id} was ${WRONG[why]} ${momentOf(at)}: costs ${share.toFixed(2)} still`,
    ),
  ];
}

function standingOf(each: WeightItem): readonly string[] {
  const { hosts, hostsNeeded, confirmed, confirmedNeeded } = each;
  if (hosts < hostsNeeded) {
    return [
      `${hosts} of ${counted(hostsNeeded, "host")} are here for long enough`,
    ];
  }
  if (confirmedNeeded === 0) return ["its hosts are here for long enough"];
  return [
    `others saw ${confirmed} of ${confirmedNeeded} attackers that it saw`,
  ];
}

const WRONG: Readonly<Record<WeightItem["blames"][number]["why"], string>> = {
  released: "released on a contest",
  undone: "undone as wrong",
  shortened: "shortened on a contest",
  refused: "refused",
};
