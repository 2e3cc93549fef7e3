import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import type { Identity } from "../../../agent/config/identity.js";
import { readInventory } from "../../../agent/host/inventory.js";
import {
  decodeToken,
  type EnrolmentToken,
} from "../../../agent/protocol/enrolment.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import { Refused } from "../../../agent/protocol/refusals.js";
import { failed, misused } from "../../../agent/text/failure.js";
import { messageOf } from "../../../agent/text/message.js";
import { deviceCredential } from "../../identity/device-credential.js";
import { enrol } from "../../identity/enrol.js";
import {
  forgetKey,
  isEnrolled,
  makeKey,
  writeIdentity,
} from "../../identity/identity-store.js";
import { packageVersion } from "../../version.js";
import { becomeOwnerOf } from "../owner.js";

/** `tourniquet enrol`: makes this host known to its cloud, once. */
export function enrolCommand(program: Command, config: () => Config): void {
  program
    .command("enrol")
    .description("make this host known to its cloud, with a one-time token")
    .requiredOption(
      "--token-file <file>",
      "file that holds the token; - reads standard input",
    )
    .option("--force", "replace the identity that this host has")
    .action(async (options: { tokenFile: string; force?: boolean }) => {
      const { stateDir, cloud } = config();
      // What only root may read comes first: after that it is the agent's user.
      const token = readToken(options.tokenFile);
      const inventory = await readInventory();
      const handedIn = deviceCredential(process.env);
      becomeOwnerOf(stateDir);
      if (isEnrolled(stateDir) && options.force !== true) {
        throw failed(
          `this host is enrolled already (${stateDir}); --force replaces its identity`,
        );
      }
      const deviceKey = handedIn ?? makeKey(stateDir);
      const { caFile } = cloud;
      const version = packageVersion();
      const answer = enrol({ token, deviceKey, inventory, version, caFile });
      const identity = await orFailure(answer).catch((error: unknown) => {
        if (handedIn === undefined) forgetKey(stateDir, deviceKey);
        throw error;
      });
      const former = writeIdentity(stateDir, identity);
      process.stdout.write(toldOf(identity, former));
    });
}

function toldOf({ agent, org, url }: Identity, former?: Identity): string {
  const told = `enrolled as ${agent} of ${org} with ${url}\n`;
  if (former === undefined) return told;
  const rest = `an agent that runs is ${former.agent} until it is restarted (sudo systemctl restart tourniquet); ${former.agent} is still known to ${former.url} until it is revoked there`;
  return `${told}${rest}\n`;
}

/** The token never stands in argv, where every user of the host could read it. */
function readToken(path: string): EnrolmentToken {
  try {
    return decodeToken(readFileSync(path === "-" ? 0 : path, "utf8"));
  } catch (error) {
    const why = messageOf(error);
    throw misused(`--token-file ${path}: ${why}`, error);
  }
}

async function orFailure<T>(task: Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (error) {
    if (error instanceof Malformed || error instanceof Refused) {
      throw failed(`the cloud's answer is not acceptable: ${error.message}`);
    }
    throw error;
  }
}
