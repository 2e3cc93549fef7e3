import type { Command } from "commander";
import type { Boot, Clone } from "../registry/boots.js";
import { Client } from "./client.js";
import type { Io } from "./io.js";
import { dateOf, table } from "./tables.js";

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
    .description("send an agent away for good; its bans stay until they expire")
    .argument("<agent>")
    .option("--reason <text>", "kept in the journal", "")
    .action(async (agent: string, _, command: Command) => {
      const { dir, reason } = command.optsWithGlobals<Options>();
      await Client.of(dir).revoke(agent, reason);
      io.out(`${agent} is revoked`);
    });

  program
    .command("clones")
    .description("list agents whose device key two live processes hold")
    .option("--clear <agent>", "it was dealt with: forget what was found")
    .option("--json", "for machines")
    .action(async (_, command: Command) => {
      const { dir, clear, json } = command.optsWithGlobals<Options>();
      const client = Client.of(dir);
      if (clear !== undefined) {
        await client.clearClones(clear);
        io.out(`${clear} is cleared`);
        return;
      }
      const clones = await client.clones();
      if (json) io.out(JSON.stringify(clones, null, 2));
      else io.out(table(CLONE_HEAD, clones.flatMap(cloneRows)));
    });
}

const CLONE_HEAD = [
  ...["found", "agent", "boot", "version", "address", "first seen"],
];

const cloneRows = ({ at, agent, first, second }: Clone) => [
  [dateOf(at), agent, ...bootCells(first)],
  ["", "", ...bootCells(second)],
];

const bootCells = ({ boot, version, address, at }: Boot) => [
  ...[boot, version, address, dateOf(at)],
];
