import { InvalidArgumentError, Option, type Command } from "commander";
import { InvalidCidr, parseCidr, type Cidr } from "../../agent/model/cidr.js";
import { isFeedName, type FeedName } from "../../agent/model/position.js";
import type { RaisedLimits } from "../../agent/protocol/documents.js";
import { limits } from "../../agent/protocol/limits.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { approvalAfter, approvalOf } from "../approvals/ceremony.js";
import { signersFor } from "../roots/ceremony.js";
import { readChain } from "../roots/root-files.js";
import { approvalsOf, publishApproval } from "./ask-cloud.js";
import { clientOf } from "./client.js";
import {
  addSignCommand,
  daysOf,
  readDraft,
  readSigned,
  writeDraft,
  writeNew,
} from "./drafts.js";
import type { Io } from "./io.js";
import { shownApproval } from "./shown-approval.js";
import { isCloud } from "./shown-root.js";

/** approval: the ceremony by which wide bans get their second key. */
export function addApprovalCommands(program: Command, io: Io): void {
  const approval = program
    .command("approval")
    .description("allow a feed wide ranges, with keys that are kept elsewhere")
    .addHelpText("after", CEREMONY);
  addDraft(approval, io);
  addSignCommand(approval, io, {
    kind: "approval",
    key: "private half of a critical key",
    shown: shownApproval,
  });
  addShow(approval, io);
  addPublish(approval, io);
}

const CEREMONY = `
The draft is all that travels:
  $ tourniquet-cloud approval draft --feed reputation --add 198.16.0.0/15 --out a.json
  $ tourniquet-cloud approval sign a.json --key critical.pem    # where that key is
  $ tourniquet-cloud approval publish a.json`;

interface DraftOptions {
  readonly dir: string;
  readonly feed: FeedName;
  readonly out: string;
  readonly add: readonly Cidr[];
  readonly remove: readonly Cidr[];
  readonly start: number;
  readonly rings: readonly [number, number, number];
  readonly atOnce?: true;
  readonly days: string;
  readonly entries?: number;
  readonly share?: number;
  readonly changesPerMinute?: number;
  readonly life?: number;
  readonly shrink?: true;
  readonly usualLimits?: true;
}

function addDraft(approval: Command, io: Io): void {
  approval
    .command("draft")
    .description(
      "write the feed's next approval, for the critical keys to sign",
    )
    .requiredOption("--feed <name>", "urgent, reputation or org/<id>", feedOf)
    .requiredOption("--out <file>", "where to")
    .addOption(ranges("--add <range>", "one more range"))
    .addOption(ranges("--remove <range>", "one that is allowed no more"))
    .addOption(
      new Option("--start <duration>", "when the first hosts begin, from now")
        .argParser(termOf)
        .default(0, "at once"),
    )
    .addOption(
      new Option(
        "--rings <durations>",
        "how long each ring of hosts waits for the one before",
      )
        .argParser(waitsOf)
        .default(waitsOf(USUAL_RINGS), USUAL_RINGS),
    )
    .option("--at-once", "all hosts begin together")
    .option("--days <n>", "for how long it is good", "365")
    .option("--entries <n>", "bans in force", numberOf)
    .option("--share <x>", "of each family's addresses, up to 1", numberOf)
    .option("--changes-per-minute <n>", "in the long run", numberOf)
    .option("--life <seconds>", "of a ban, at most", numberOf)
    .option("--shrink", "a snapshot may be as small as it likes")
    .option("--usual-limits", "raise no limit any more")
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<DraftOptions>();
      await draftApproval(options, command, io);
    });
}

async function draftApproval(
  options: DraftOptions,
  command: Command,
  io: Io,
): Promise<void> {
  const { dir, feed, out, add, remove, start, rings, days } = options;
  const published = await approvalsOf(clientOf(command));
  const newest = published
    .map(({ text }) => approvalOf(text))
    .find((each) => each.feed === feed);
  const waits = options.atOnce ? ([0, 0, 0] as const) : rings;
  const changes = {
    ...{ feed, add, remove, waits: [start, ...waits] as const },
    goodForMs: daysOf(days, limits.approvalDays) * 86_400_000,
    limits: limitsOf(options),
  };
  const made = approvalAfter(newest, changes, systemClock.now());
  const draft = isCloud(dir)
    ? { ...made, signers: signersFor("approval", rootOf(dir)) }
    : made;
  writeNew("--out", out, () => writeDraft(out, draft, "wx"));
  for (const line of shownApproval(draft, dir)) io.out(line);
}

const USUAL_RINGS = "10m,40m,2h";

const ranges = (flags: string, what: string): Option =>
  new Option(flags, `${what}; may be given several times`)
    .argParser(collectRange)
    .default([], "none");

const rootOf = (dir: string) => readChain(dir).newest.document;

/** Undefined where none is named: they stay as they are. */
function limitsOf(options: DraftOptions): RaisedLimits | undefined {
  const { entries, share, changesPerMinute, life, shrink } = options;
  const named = { entries, share, changesPerMinute, life, shrink };
  const given = Object.entries(named).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length === 0 && !options.usualLimits) return undefined;
  return Object.fromEntries(given);
}

function addShow(approval: Command, io: Io): void {
  approval
    .command("show")
    .description("print the approvals that count, or a draft")
    .argument("[draft]", "file that approval draft made")
    .action(async (file: string | undefined, _, command: Command) => {
      const { dir } = command.optsWithGlobals<{ dir: string }>();
      const texts =
        file === undefined
          ? (await approvalsOf(clientOf(command))).map(({ text }) => text)
          : [readDraft(file)];
      if (texts.length === 0) io.out("no feed has an approval");
      for (const text of texts) {
        for (const line of shownApproval(text, dir)) io.out(line);
      }
    });
}

function addPublish(approval: Command, io: Io): void {
  approval
    .command("publish")
    .description("have a signed approval count, on every agent of its feed")
    .argument("<draft>", "with all the signatures that it needs")
    .action(async (file: string, _, command: Command) => {
      const { dir } = command.optsWithGlobals<{ dir: string }>();
      const text = readSigned(file, "approval");
      const { feed, version } = await publishApproval(
        ...([clientOf(command), text] as const),
      );
      io.out(
        `approval ${version} for feed ${feed} is published; a host goes by it within a minute, once its ring's time has come`,
      );
      for (const line of shownApproval(text, dir)) io.out(line);
    });
}

function feedOf(text: string): FeedName {
  if (isFeedName(text) && text !== "local") return text;
  throw new InvalidArgumentError("a feed is urgent, reputation or org/<id>.");
}

function collectRange(text: string, before: readonly Cidr[]): readonly Cidr[] {
  try {
    return [...before, parseCidr(text)];
  } catch (error) {
    if (!(error instanceof InvalidCidr)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

function waitsOf(text: string): readonly [number, number, number] {
  const waits = text.split(",").map(termOf);
  const [early, broad, all] = waits;
  if (waits.length === 3) return [early ?? 0, broad ?? 0, all ?? 0];
  throw new InvalidArgumentError(
    `three durations are expected: "${USUAL_RINGS}".`,
  );
}

/** "30s", "10m", "2h" or "1d", as milliseconds. */
function termOf(text: string): number {
  const [, digits, unit] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  if (digits !== undefined && unit !== undefined) {
    return Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  throw new InvalidArgumentError(
    'a duration is expected, such as "30s", "10m", "2h" or "1d".',
  );
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function numberOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a number is expected.");
}
