import { Failure, exitCodes } from "../../agent/text/failure.js";
import type { DecisionTold } from "./ask-decisions.js";
import type { Client } from "./client.js";
import type { Io } from "./io.js";
import type { Told } from "./told-bans.js";
import { toldHosts } from "./told-hosts.js";
import { waitForHosts } from "./wait.js";

/** How an order's answer is given. */
export interface OutputOptions {
  readonly json?: true | undefined;
  /** Milliseconds; undefined is not at all. */
  readonly waitMs: number | undefined;
}

/**
 * Says what an order came to and, where that is awaited, what became of it on
 * the hosts.
 * @throws Failure with what is missing: exit code 1 for all, 3 for a part
 */
export async function giveOrderOutput(
  answer: object,
  decisions: readonly string[],
  told: Told,
  output: OrderOutput,
): Promise<void> {
  const { client, io, options } = output;
  if (!options.json) say(told, io);
  const awaited = await hostsOf(decisions, client, options.waitMs);
  const toldOfHosts = awaited.map((each) => toldHosts(each, Date.now()));
  if (options.json) {
    const hosts = awaited.flatMap((each) => each.hosts);
    const all = options.waitMs === undefined ? answer : { ...answer, hosts };
    io.out(JSON.stringify(all));
  } else {
    for (const each of toldOfHosts) say(each, io);
  }
  // What hosts say is true beats what was foreseen of them.
  const isTrue = awaited.length > 0 && told.isPartial !== true;
  mustBeWhole(isTrue ? toldOfHosts : [told, ...toldOfHosts]);
}

/** Where an order's answer goes, and how. */
export interface OrderOutput {
  readonly client: Client;
  readonly io: Io;
  readonly options: OutputOptions;
}

function say({ out, err }: Told, io: Io): void {
  for (const line of out) io.out(line);
  for (const line of err) io.err(line);
}

const hostsOf = async (
  decisions: readonly string[],
  client: Client,
  waitMs: number | undefined,
): Promise<readonly DecisionTold[]> =>
  waitMs === undefined ? [] : waitForHosts(client, decisions, waitMs);

/** @throws Failure when something is missing */
function mustBeWhole(all: readonly Told[]): void {
  const failures = all.flatMap(({ failure }) => failure ?? []);
  if (failures.length === 0) return;
  const message = failures.map((each) => each.message).join("; ");
  const isNothing = failures.some(({ exitCode }) => exitCode === 1);
  throw new Failure(message, isNothing ? exitCodes.failed : exitCodes.inPart);
}
