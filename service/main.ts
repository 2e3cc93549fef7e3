#!/usr/bin/env node
import { untilReaderLeaves } from "../agent/text/closed-pipe.js";
import { Failure, exitCodes } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";
import { run } from "./cli/cli.js";

/** The process: arguments and signals in, an exit code out, and nothing else. */
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort());
}

const readerLeft = untilReaderLeaves(
  [process.stdout, process.stderr],
  (error) => {
    process.stderr.write(`tourniquet: cannot print: ${error.message}\n`);
    process.exitCode = exitCodes.failed;
  },
);

try {
  await run(process.argv, stop.signal, readerLeft);
} catch (error) {
  const message = messageOf(error);
  process.stderr.write(`tourniquet: ${message}\n`);
  process.exitCode =
    error instanceof Failure ? error.exitCode : exitCodes.failed;
}
