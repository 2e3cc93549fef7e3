import type { Identity } from "../../agent/config/identity.js";
import { sha256 } from "../../agent/protocol/sha256.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { Refused } from "../../agent/protocol/refusals.js";
import type { EnrolmentToken } from "../../agent/protocol/enrolment.js";
import { failed } from "../../agent/text/failure.js";
import { keyFromPem, type SigningKey } from "../../agent/trust/keys.js";
import {
  enrol,
  EnrolmentRefused,
  type Enrolled,
  type EnrolOptions,
} from "./enrol.js";
import { takeProposed } from "./first-mode.js";
import {
  forgetUnnamedKey,
  isEnrolled,
  makeKey,
  readKey,
  writeIdentity,
} from "./identity-store.js";
import { forgetPending, keepPending, readPending } from "./pending.js";
import { standsAlone } from "./stand-alone.js";

/**
 * Spends a token on a key of this host, and makes it who the cloud says. Where no
 * answer comes the key is kept: asked with the same again, the cloud gives the same.
 * @param handedIn the device key, where it is not this program's to make
 * @returns what to tell whoever enrols it
 * @throws Failure
 */
export async function comeIn(
  stateDir: string,
  options: Omit<EnrolOptions, "deviceKey">,
  handedIn: SigningKey | undefined,
): Promise<string> {
  const deviceKey = handedIn ?? keyFor(stateDir, options.token);
  const forget = () => {
    if (handedIn === undefined) forgetUnnamedKey(stateDir, deviceKey.id);
    forgetPending(stateDir);
  };
  const answer = enrol({ ...options, deviceKey });
  const enrolled = await orFailure(() => answer).catch((error: unknown) => {
    if (error instanceof EnrolmentRefused) forget();
    throw error;
  });
  const told = become(stateDir, enrolled);
  forgetPending(stateDir);
  return told;
}

/** The key that this token was already shown with, or a new one. */
function keyFor(stateDir: string, { url, root, secret }: EnrolmentToken) {
  const token = sha256(Buffer.from(secret)).toString("hex");
  const before = pendingOrNone(stateDir);
  if (before?.token === token) {
    const pem = readKey(stateDir, before.key);
    if (pem !== undefined) return keyFromPem(pem);
  }
  const key = makeKey(stateDir);
  keepPending(stateDir, { version: 1, key: key.id, url, root, token });
  // What is still answered to the earlier request is of no use any more.
  if (before !== undefined) forgetUnnamedKey(stateDir, before.key);
  return key;
}

function pendingOrNone(stateDir: string) {
  try {
    return readPending(stateDir);
  } catch {
    return undefined; // it is replaced
  }
}

/** The mode first: no agent starts without it, once it may start. */
export function become(stateDir: string, { identity, mode }: Enrolled): string {
  const told = mode && takeProposed(mode, stateDir);
  const wasAlone = !isEnrolled(stateDir) && standsAlone(stateDir);
  const former = writeIdentity(stateDir, identity);
  return [
    toldOf(identity, former),
    ...(wasAlone ? [WAS_ALONE] : []),
    ...(told === undefined ? [] : [told]),
  ].join("\n");
}

function toldOf({ agent, org, url }: Identity, former?: Identity): string {
  const told = `enrolled as ${agent} of ${org} with ${url}`;
  if (former === undefined || former.agent === agent) return told;
  const rest = `an agent that runs is ${former.agent} until it is restarted (sudo systemctl restart tourniquet); ${former.agent} is still known to ${former.url} until it is revoked there`;
  return `${told}\n${rest}`;
}

const WAS_ALONE =
  "this host stood alone: an agent that runs does so until it is restarted (sudo systemctl restart tourniquet); its own bans, releases and orders stay";

/** What cannot be believed of an answer is a failure of whoever asked. */
export async function orFailure<T>(task: () => T | Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof Malformed || error instanceof Refused) {
      throw failed(`the cloud's answer is not acceptable: ${error.message}`);
    }
    throw error;
  }
}
