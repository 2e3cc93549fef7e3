import type { Command } from "commander";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { waitMsOf } from "./wait.js";
import { Watch, type Seeing } from "./watch.js";
import { momentOf } from "./words.js";

interface Options {
  readonly for?: number;
  readonly json?: true;
}

/** watch. */
export function addWatchCommand(program: Command, io: Io): void {
  program
    .command("watch")
    .description("follow what is decided, who comes to hold it, and hosts")
    .option(
      "--for <time>",
      "so long (30s, 10m), not until interrupted",
      waitMsOf,
    )
    .option("--json", JSON_HELP)
    .addHelpText("after", HELP)
    .action(async (_, command: Command) => {
      const { for: forMs, json } = command.optsWithGlobals<Options>();
      const stop = new AbortController();
      void io.stopped().then(() => stop.abort());
      const timer =
        forMs === undefined ? undefined : setTimeout(() => stop.abort(), forMs);
      const see = json ? inJson(io) : inWords(io);
      try {
        await new Watch(clientOf(command), see, stop.signal).run();
      } finally {
        clearTimeout(timer);
        stop.abort();
      }
    });
}

const HELP = `
Example:
  $ tourniquet-cloud watch --for 10m

A decision is followed until all hosts have answered, for a minute at most. With
--json what is decided is told as the stream has it, coverage as GET /coverage
has it, and hosts of which something changed as GET /agents has them.`;

const inWords = (io: Io): Seeing => {
  const say = (text: string) => io.out(`${momentOf(Date.now())} ${text}`);
  return {
    news: (item, text) => io.out(`${momentOf(item.at)} ${text}`),
    coverage: (_, text) => say(text),
    health: (_, text) => say(text),
    note: (text) => io.err(text),
  };
};

const inJson = (io: Io): Seeing => {
  const say = (item: unknown) => io.out(JSON.stringify(item));
  return {
    news: (item) => say(item),
    coverage: (item) => say(item),
    health: (host) => {
      if (host !== undefined) say(host);
    },
    note: (text) => io.err(text),
  };
};
