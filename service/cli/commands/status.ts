import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { printable } from "../../../agent/log/printable.js";
import { Failure, type ExitCode } from "../../../agent/text/failure.js";
import { askAgent, NoAgent } from "../../control/client.js";
import type { StatusView } from "../../control/status-view.js";
import { paintFor } from "../../terminal/paint.js";
import { roomOf } from "../../terminal/table.js";
import { firstScreen, type Screen } from "../status-screen.js";
import { wholeText } from "../status-text.js";

interface StatusOptions {
  readonly verbose?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** `tourniquet status`: is it enforcing, and what. */
export function statusCommand(program: Command, config: () => Config): void {
  program
    .command("status")
    .description("say whether this host is enforcing, and what is wrong")
    .option("--verbose", "all that the agent knows of itself")
    .option(
      "--check",
      "one line for monitoring; exit code 0 enforcing, 1 degraded, 2 not enforcing",
    )
    .option("--json", "print one JSON object")
    .action(async (options: StatusOptions) => {
      const { controlSocket } = config();
      if (options.check === true) return check(controlSocket, options);
      const status = await ask(controlSocket);
      if (options.json === true) return print(JSON.stringify(status));
      const now = Date.now();
      if (options.verbose === true) return print(wholeText(status, now));
      return print(firstScreen(status, { now, ...screenOf(process.stdout) }));
    });
}

const screenOf = (out: NodeJS.WriteStream): Omit<Screen, "now"> => ({
  paint: paintFor(out, process.env),
  room: roomOf(out),
});

const ask = async (socket: string): Promise<StatusView> =>
  (await askAgent(socket, "/v1/status")) as StatusView;

/** An agent that does not run enforces nothing new, and nobody watches the rest. */
async function check(socket: string, { json }: StatusOptions): Promise<void> {
  const status = await ask(socket).catch((error: unknown) => {
    if (!(error instanceof NoAgent)) throw error;
    throw new Failure(error.message, CODES.not, { cause: error });
  });
  const { verdict } = status;
  print(json === true ? JSON.stringify(verdict) : printable(verdict.text));
  process.exitCode = CODES[verdict.does];
}

/** As monitoring systems have it: OK, warning, critical. */
const CODES = { enforcing: 0, degraded: 1, not: 2 } as const satisfies Readonly<
  Record<StatusView["verdict"]["does"], ExitCode>
>;

const print = (text: string): void => void process.stdout.write(`${text}\n`);
