import { untilReaderLeaves } from "../agent/text/closed-pipe.js";
import { Failure, exitCodes } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";
import { run } from "./cli.js";
import { Files } from "./files.js";
import { lookAround } from "./preflight.js";
import { runProgram } from "./run.js";

/** The process: arguments in, lines and an exit code out, and nothing else. */
untilReaderLeaves([process.stdout, process.stderr], () => {
  process.exitCode = exitCodes.failed;
});
try {
  await run(process.argv, {
    host: { files: new Files("/"), run: runProgram },
    around: lookAround(),
    say: (line) => void process.stdout.write(`${line}\n`),
  });
} catch (error) {
  const message = messageOf(error);
  process.stderr.write(`install.sh: ${message}\n`);
  process.exitCode =
    error instanceof Failure ? error.exitCode : exitCodes.failed;
}
