import type { Command } from "commander";
import {
  clearClones,
  clonesOf,
  revokeAgent,
  type CloneItem,
} from "./ask-hosts.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { table } from "./tables.js";
import { momentOf } from "./words.js";

interface Options {
  readonly dir: string;
  readonly reason: string;
  readonly clear?: string;
  readonly json?: true;
}

/** revoke, clones. */
export function addIdentityCommands(program: Command, io: Io): void {
  program
    .command("revoke")
    .description("trust an agent no more; where it is connected, at once")
    .argument("<agent>", AGENT_HELP)
    .option("--reason <text>", "why, for the journal", "")
    .action(async (agent: string, _, command: Command) => {
      const { reason } = command.optsWithGlobals<Options>();
      const { agent: id } = await revokeAgent(
        ...([clientOf(command), agent, reason] as const),
      );
      const who = id === agent ? id : `${agent} (${id})`;
      io.out(`${who} is revoked; bans on its host stay until they expire`);
    });
  program
    .command("clones")
    .description("list agents whose key two live processes hold")
    .option("--clear <agent>", "you have seen to what is told of this one")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { clear, json } = command.optsWithGlobals<Options>();
      const client = clientOf(command);
      if (clear !== undefined) await clearClones(client, clear);
      const found = await clonesOf(client);
      if (json) {
        jsonLines(io, found);
        return;
      }
      const head = ["seq", "when", "agent", "came back", "after", "cleared"];
      const rows = found.map(
        ({ seq, at, agent, returned, newer, clearedAt }) => [
          ...[seq, momentOf(at), agent],
          ...[bootText(returned), bootText(newer)],
          clearedAt === null ? "no" : momentOf(clearedAt),
        ],
      );
      io.out(table(head, rows));
    });
}

/** How agents are named on the command line. */
export const AGENT_HELP = "its id, or the name of its host";

const bootText = ({
  boot,
  version,
  address,
  seenAt,
}: CloneItem["newer"]): string =>
  `${boot} (${version}) from ${address} at ${momentOf(seenAt)}`;
