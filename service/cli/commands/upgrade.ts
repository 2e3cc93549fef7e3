import { InvalidArgumentError, type Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { packageVersion } from "../../version.js";

/**
 * `tourniquet upgrade`: what the package's scripts ask of the former program and of
 * the next one. No person has to; so help does not list it.
 */
export function upgradeCommand(program: Command, config: () => Config): void {
  const upgrade = program
    .command("upgrade", { hidden: true })
    .description("for the package: keep the former program's state, or judge");
  keepCommand(upgrade, config);
  upgrade
    .command("settle")
    .description("take back the state from before a program that was tried")
    .action(async () => {
      const { settle } = await import("../../upgrade/settle.js");
      for (const line of settle(config())) print(line);
    });
  judgeCommand(upgrade, config);
}

function keepCommand(upgrade: Command, config: () => Config): void {
  upgrade
    .command("keep")
    .description("have the running agent keep a copy of its ledger")
    .option("--begins", "from now on another program may change the state")
    .action(async (options: { begins?: boolean }) => {
      const { orderAgent } = await import("../../control/client.js");
      const { KEEP } = await import("../../upgrade/orders.js");
      const version = packageVersion();
      const order = { version, begins: options.begins === true };
      const done = await orderAgent(config().controlSocket, KEEP, order);
      const { bytes } = done as { bytes: number };
      print(`a copy of the ledger is kept: ${bytes} bytes`);
    });
}

function judgeCommand(upgrade: Command, config: () => Config): void {
  upgrade
    .command("judge")
    .description("wait until the running agent is healthy")
    .option("--within <seconds>", "at most so long", secondsOf)
    .action(async ({ within }: { within?: number }) => {
      const { HEALTHY_WITHIN_S, judge } =
        await import("../../upgrade/judge.js");
      const { readBefore } = await import("../../upgrade/before.js");
      const { placesIn } = await import("../../upgrade/places.js");
      const { stateDir, controlSocket: socket } = config();
      await judge({
        ...{ socket, version: packageVersion() },
        before: readBefore(placesIn(stateDir).before),
        withinSeconds: within ?? HEALTHY_WITHIN_S,
      });
      print("it is healthy");
    });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= 3600) {
    return seconds;
  }
  throw new InvalidArgumentError("it is a whole number from 1 to 3600");
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
