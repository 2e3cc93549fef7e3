import type { Command } from "commander";
import type { ReceiptEntry } from "../receipts/receipts.js";
import { Client } from "./client.js";
import type { Io } from "./io.js";
import { dateOf, table } from "./tables.js";

interface Options {
  readonly dir: string;
  readonly org: string;
  readonly expires: string;
  readonly json?: true;
  readonly follow?: true;
}

/** org, token, receipts. */
export function addRegistryCommands(program: Command, io: Io): void {
  const org = program.command("org").description("customers");
  org
    .command("add")
    .description("add an org; its id is made from its name")
    .argument("<name>")
    .action(async (name: string, _, command: Command) => {
      const { dir } = command.optsWithGlobals<Options>();
      io.out((await Client.of(dir).addOrg(name)).id);
    });
  org
    .command("list")
    .description("list the orgs")
    .action(async (_, command: Command) => {
      const { dir } = command.optsWithGlobals<Options>();
      const orgs = await Client.of(dir).orgs();
      io.out(
        table(
          ["id", "name"],
          orgs.map(({ id, name }) => [id, name]),
        ),
      );
    });

  program
    .command("token")
    .description("make an enrolment token for one host")
    .requiredOption("--org <id>", "whose host it will be")
    .option("--expires <term>", "30s, 15m, 4h or 7d", "24h")
    .addHelpText(
      "after",
      "\nExample:\n  $ tourniquet-cloud token --org example > token.txt",
    )
    .action(async (_, command: Command) => {
      const { dir, org, expires } = command.optsWithGlobals<Options>();
      io.out((await Client.of(dir).makeToken(org, expires)).token);
    });

  addReceipts(program, io);
  addDivergences(program, io);
}

function addDivergences(program: Command, io: Io): void {
  program
    .command("divergences")
    .description("list agents that hold a history which this cloud never had")
    .option("--json", "for machines")
    .action(async (_, command: Command) => {
      const { dir, json } = command.optsWithGlobals<Options>();
      const found = await Client.of(dir).divergences();
      if (json) {
        io.out(JSON.stringify(found, null, 2));
        return;
      }
      const head = ["seq", "when", "agent", "feed", "at", "theirs", "ours"];
      const rows = found.map(({ seq, at, agent, feed, ...rest }) => [
        ...[seq, dateOf(at), agent, feed, `${rest.epoch}/${rest.offset}`],
        ...[rest.theirs, rest.ours ?? "nothing"],
      ]);
      io.out(table(head, rows));
    });
}

function addReceipts(program: Command, io: Io): void {
  program
    .command("receipts")
    .description("list what agents signed to have enforced")
    .option("--json", "one JSON document a line")
    .option("--follow", "go on until interrupted")
    .action(async (_, command: Command) => {
      const { dir, json, follow } = command.optsWithGlobals<Options>();
      const client = Client.of(dir);
      const stop = new AbortController();
      if (follow) void io.stopped().then(() => stop.abort());
      let after = 0;
      do {
        const entries = await client.receipts({ after: String(after) });
        for (const entry of entries)
          io.out(json ? asJson(entry) : asLine(entry));
        after = entries.at(-1)?.seq ?? after;
        if (entries.length === 0 && !follow) return;
        if (entries.length === 0) await pause();
      } while (!stop.signal.aborted);
    });
}

const asJson = (entry: ReceiptEntry): string => JSON.stringify(entry);

function asLine({ at, receipt }: ReceiptEntry): string {
  const { agent, position, mode, enforcedMs } = receipt;
  const { banned, lifted, observed, heldTotal } = receipt;
  const counts = `+${banned} -${lifted} observed ${observed} held ${heldTotal}`;
  const ms = enforcedMs.toFixed(1);
  return `${dateOf(at)} ${agent} ${position.feed}@${position.offset} ${mode} ${counts} in ${ms} ms`;
}

const LOOK_EVERY_MS = 500;

const pause = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
