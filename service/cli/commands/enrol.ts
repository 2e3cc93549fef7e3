import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { misused } from "../../../agent/text/failure.js";

interface EnrolOptions {
  readonly tokenFile?: string;
  readonly requestTo?: string;
  readonly answer?: string;
  readonly force?: boolean;
}

/** `tourniquet enrol`: makes this host known to its cloud, once. */
export function enrolCommand(program: Command, config: () => Config): void {
  program
    .command("enrol")
    .description("make this host known to its cloud, with a one-time token")
    .option(
      "--token-file <file>",
      "file that holds the token; - reads standard input",
    )
    .option(
      "--request-to <file>",
      "ask by a file that is carried to the cloud: tourniquet-cloud enrol-host",
    )
    .option("--answer <file>", "take in the cloud's answer to that")
    .option("--force", "replace the identity that this host has")
    .action(async (options: EnrolOptions) => {
      const { tokenFile, requestTo, answer } = options;
      if (answer !== undefined) {
        if (tokenFile !== undefined || requestTo !== undefined) {
          throw misused("--answer goes without --token-file and --request-to");
        }
        return (await enrolling()).takeAnswer(config(), answer, options);
      }
      if (tokenFile === undefined) {
        throw misused("--token-file is needed: the token that the cloud made");
      }
      const { enrolNow, ask } = await enrolling();
      return requestTo === undefined
        ? enrolNow(config(), tokenFile, options)
        : ask(config(), { tokenFile, requestTo }, options);
    });
}

/** Loaded only here: every other command starts faster without it. */
const enrolling = () => import("../enrolling.js");
