#!/usr/bin/env node
import { run } from "./cli.js";
import { Failure, exitCodes } from "./failure.js";

/** The process: arguments and signals in, an exit code out, and nothing else. */
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort());
}

try {
  await run(process.argv, stop.signal);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`tourniquet: ${message}\n`);
  process.exitCode =
    error instanceof Failure ? error.exitCode : exitCodes.failed;
}
