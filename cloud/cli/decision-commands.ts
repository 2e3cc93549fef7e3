import type { Command } from "commander";
import { DEFAULT_UNAPPROVED } from "../../agent/config/widths.js";
import type { Decision } from "../decide/decisions.js";
import type { ReceiptEntry } from "../receipts/receipts.js";
import { Client, type Unapproved } from "./client.js";
import { checkImpact, checkImpactOption } from "./impact-commands.js";
import { CommandFailed, type Io } from "./io.js";
import { table } from "./tables.js";

interface BanOptions {
  readonly dir: string;
  readonly feed: string;
  readonly for: string;
  readonly reason: string;
  readonly observe?: true;
  readonly wait?: true;
  readonly checkImpact?: number;
}

/** ban, lift. */
export function addDecisionCommands(program: Command, io: Io): void {
  program
    .command("ban")
    .description("ban addresses or ranges")
    .argument("<range...>", 'such as "203.0.113.7" or "2001:db8::/32"')
    .option("--feed <name>", "urgent, reputation or org/<id>", "urgent")
    .option("--for <term>", TERM_HELP, "4h")
    .option("--reason <text>", "for whoever asks later", "")
    .option("--observe", OBSERVE_HELP)
    .option("--wait", "wait for the receipts of all connected agents")
    .addOption(checkImpactOption())
    .addHelpText(
      "after",
      `
Examples:
  $ tourniquet-cloud ban 203.0.113.7 --reason "ssh brute force"
  $ tourniquet-cloud ban 198.51.100.0/24 2001:db8::/32 --for 7d --wait
  $ tourniquet-cloud ban 198.51.100.0/24 --check-impact 10
  $ tourniquet-cloud ban 192.0.2.0/24 --observe --reason "would this hit anybody?"

Banning again without --observe enforces a ban that was only observed.`,
    )
    .action(async (ranges: string[], _, command: Command) => {
      const options = command.optsWithGlobals<BanOptions>();
      const { feed, for: term, reason, observe = false } = options;
      const client = Client.of(options.dir);
      if (options.checkImpact !== undefined) {
        await checkImpact(client, { ranges, feed }, options.checkImpact, io);
      }
      const order = { ranges, feed, for: term, reason, observe };
      const decision = await client.ban(order);
      io.out(described(doneTo(observe), ranges.length, decision));
      tellUnapproved(decision, io);
      if (options.wait) await waitForReceipts(client, decision, io);
    });

  program
    .command("lift")
    .description("lift bans before they expire")
    .argument("<range...>")
    .option("--feed <name>", "urgent, reputation or org/<id>", "urgent")
    .addHelpText("after", "\nExample:\n  $ tourniquet-cloud lift 203.0.113.7")
    .action(async (ranges: string[], _, command: Command) => {
      const { dir, feed } = command.optsWithGlobals<BanOptions>();
      const decision = await Client.of(dir).lift({ ranges, feed });
      io.out(described("lifted", ranges.length, decision));
    });
}

/** Two keys ban what is wide: this was one of them. */
export function tellUnapproved(
  { feed, unapproved, wide = [] }: Unapproved & { readonly feed: string },
  io: Io,
): void {
  if (unapproved === 0) return;
  const { 4: ipv4, 6: ipv6 } = DEFAULT_UNAPPROVED;
  const more = unapproved > wide.length ? " and more" : "";
  const named = wide.length === 0 ? "" : ` (${wide.join(", ")}${more})`;
  io.err(
    `${unapproved} of them are wider than /${ipv4} (IPv6: /${ipv6}), and hosts hold them${named} until the critical keys approve: tourniquet-cloud approval draft --feed ${feed} --add RANGE --out FILE`,
  );
}

export const TERM_HELP =
  "30s, 15m, 4h, 7d or permanent; hosts hold what lasts longer than they let a ban last (365d)";

export const OBSERVE_HELP = "only count and report their packets, drop nothing";

export const doneTo = (observe: boolean): string =>
  observe ? "observed" : "banned";

export function described(
  done: string,
  ranges: number,
  decision: Decision,
): string {
  const { decision: id, feed, offset } = decision;
  const noun = ranges === 1 ? "range" : "ranges";
  return `${done} ${ranges} ${noun} (${id}, ${feed} is at ${offset})`;
}

/** Longer than any agent takes that is there at all. */
const WAIT_MS = 10_000;
const LOOK_EVERY_MS = 50;

async function waitForReceipts(
  client: Client,
  { feed, epoch, offset }: Decision,
  io: Io,
): Promise<void> {
  const agents = await client.agents();
  const expected = agents.filter(
    ({ connected, org }) =>
      connected && (!feed.startsWith("org/") || feed === `org/${org}`),
  );
  const found = new Map<string, ReceiptEntry>();
  const place = { feed, epoch, offset: String(offset), limit: "10000" };
  const deadline = Date.now() + WAIT_MS;
  let after = 0;
  while (found.size < expected.length && Date.now() < deadline) {
    const entries = await client.receipts({ ...place, after: String(after) });
    for (const entry of entries) {
      after = entry.seq;
      const { agent } = entry.receipt;
      if (!found.has(agent)) found.set(agent, entry);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  io.out(
    table(
      ["agent", "host", "mode", "enforced ms", "held"],
      expected.map(({ id, hostname }) => {
        const receipt = found.get(id)?.receipt;
        const ms = receipt?.enforcedMs.toFixed(1) ?? "no receipt";
        const held = receipt?.heldTotal ?? "";
        return [id, hostname, receipt?.mode ?? "", ms, held];
      }),
    ),
  );
  const missing = expected.length - found.size;
  if (missing > 0) {
    throw new CommandFailed(`${missing} agents gave no receipt in time`, 1);
  }
}
