import { fchmodSync, openSync, readFileSync, writeFileSync } from "node:fs";
import type { Config } from "../../agent/config/config.js";
import { readInventory } from "../../agent/host/inventory.js";
import {
  decodeToken,
  type EnrolmentToken,
} from "../../agent/protocol/enrolment.js";
import { limits } from "../../agent/protocol/limits.js";
import { failed, misused } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { wayOf } from "../cloud-way.js";
import { askAgent } from "../control/client.js";
import { deviceCredential } from "../identity/device-credential.js";
import { answerByFile, requestByFile } from "../identity/enrol-by-file.js";
import { become, comeIn, orFailure } from "../identity/come-in.js";
import { checkTransport } from "../identity/enrol.js";
import {
  isEnrolled,
  readIdentity,
  readIdentityFor,
} from "../identity/identity-store.js";
import { sayGoodbye } from "../identity/leave.js";
import { forgetPending } from "../identity/pending.js";
import { standAlone } from "../identity/stand-alone.js";
import { packageVersion } from "../version.js";
import { becomeOwnerOf } from "./owner.js";

/** How a host that has an identity already takes another. */
export interface Forced {
  readonly force?: boolean;
}

/** Over the network. */
export async function enrolNow(
  { stateDir, cloud }: Config,
  tokenFile: string,
  forced: Forced,
): Promise<void> {
  // What only root may read comes first: after that it is the agent's user.
  const token = readToken(tokenFile);
  const inventory = await readInventory();
  const handedIn = deviceCredential(process.env);
  becomeOwnerOf(stateDir);
  mustBeFree(stateDir, forced);
  const version = packageVersion();
  const options = { token, inventory, version, way: wayOf({ cloud }) };
  say(await comeIn(stateDir, options, handedIn));
}

/** By files, for a host that no network reaches: the first half. */
export async function ask(
  { stateDir }: Config,
  { tokenFile, requestTo }: { tokenFile: string; requestTo: string },
  forced: Forced,
): Promise<void> {
  const token = readToken(tokenFile);
  checkTransport(new URL(token.url)); // the agent would not start with it
  const inventory = await readInventory();
  const handedIn = deviceCredential(process.env);
  const file = claim(requestTo);
  becomeOwnerOf(stateDir);
  mustBeFree(stateDir, forced);
  const options = { token, inventory, version: packageVersion() };
  writeFileSync(file, requestByFile(stateDir, options, handedIn));
  process.stdout.write(
    `the request is in ${requestTo}, with the token's secret: keep it as safe as that until it is spent; then: tourniquet-cloud enrol-host ${requestTo} ANSWER, and here: tourniquet enrol --answer ANSWER\n`,
  );
}

/** The second half. */
export async function takeAnswer(
  { stateDir }: Config,
  path: string,
  forced: Forced,
): Promise<void> {
  const handedIn = deviceCredential(process.env);
  const text = readAnswer(path);
  becomeOwnerOf(stateDir);
  mustBeFree(stateDir, forced);
  const named = { path, text };
  const enrolled = await orFailure(() =>
    answerByFile(stateDir, named, handedIn),
  );
  say(become(stateDir, enrolled));
  forgetPending(stateDir);
}

/**
 * Says goodbye, so that the cloud does not wait for this host. Nothing here is
 * another by it: an agent that runs again is back.
 */
export async function leave(config: Config): Promise<void> {
  const { stateDir, controlSocket } = config;
  const way = wayOf(config);
  const handedIn = deviceCredential(process.env);
  if (await isRunning(controlSocket)) {
    throw failed(
      "the agent runs: stop it first (sudo systemctl disable --now tourniquet), then this host can say goodbye",
    );
  }
  becomeOwnerOf(stateDir);
  if (!isEnrolled(stateDir)) {
    say("this host has no cloud that is to be told");
    return;
  }
  const { identity, deviceKey } = handedIn
    ? readIdentityFor(handedIn, stateDir)
    : readIdentity(stateDir);
  await sayGoodbye(identity, deviceKey, way);
  say(`${identity.url} knows that ${identity.agent} has left`);
}

const isRunning = (socket: string): Promise<boolean> =>
  askAgent(socket, "/v1/status").then(
    () => true,
    () => false,
  );

/** No cloud: what this host decides by itself is all that it enforces. */
export function enableAlone({ stateDir }: Config): void {
  becomeOwnerOf(stateDir);
  if (isEnrolled(stateDir)) {
    throw failed(
      `this host is enrolled (${stateDir}), and follows its cloud; nothing was changed`,
    );
  }
  standAlone(stateDir);
  process.stdout.write(
    "this host stands alone: its sensors, and what you order here, ban without a cloud\nhave it run: sudo systemctl enable --now tourniquet\n",
  );
}

function mustBeFree(stateDir: string, { force }: Forced): void {
  if (!isEnrolled(stateDir) || force === true) return;
  throw failed(
    `this host is enrolled already (${stateDir}); --force replaces its identity`,
  );
}

const say = (told: string): void => void process.stdout.write(`${told}\n`);

/** The token never stands in argv, where every user of the host could read it. */
function readToken(path: string): EnrolmentToken {
  try {
    return decodeToken(readFileSync(path === "-" ? 0 : path, "utf8"));
  } catch (error) {
    const why = messageOf(error);
    throw misused(`--token-file ${path}: ${why}`, error);
  }
}

/** Opened while this is still whoever called it; nobody else may read it. */
function claim(path: string): number {
  try {
    const file = openSync(path, "w", 0o600);
    fchmodSync(file, 0o600);
    return file;
  } catch (error) {
    throw misused(`--request-to ${path}: ${messageOf(error)}`, error);
  }
}

function readAnswer(path: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= MOST_BYTES) return bytes.toString("utf8");
  } catch (error) {
    throw misused(`--answer ${path}: ${messageOf(error)}`, error);
  }
  throw misused(`--answer ${path} is no answer: it is too large`);
}

/** A root, escaped once more, and the names beside it. */
const MOST_BYTES = 4 * limits.textBytes;
