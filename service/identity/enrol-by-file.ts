import { CarriedAnswer } from "../../agent/protocol/carried.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { failed } from "../../agent/text/failure.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import {
  enrolledBy,
  requestOf,
  type Enrolled,
  type EnrolOptions,
} from "./enrol.js";
import { forgetUnnamedKey, holdsKey, makeKey } from "./identity-store.js";
import { keepPending, readPending } from "./pending.js";

/**
 * Makes a request that somebody carries to the cloud, and remembers what its answer
 * is held to. The token's secret is in it: it is to be kept as the token is.
 * @param handedIn the device key, where it is not this program's to make
 * @returns the text of the file
 */
export function requestByFile(
  stateDir: string,
  options: Pick<EnrolOptions, "token" | "inventory" | "version">,
  handedIn: SigningKey | undefined,
): string {
  const { url, root } = options.token;
  const before = readPendingOrNone(stateDir);
  const key = handedIn ?? makeKey(stateDir);
  const request = requestOf(options, key);
  keepPending(stateDir, { version: 1, key: key.id, url, root });
  // The earlier request's answer would be of no use any more.
  if (before !== undefined && before !== key.id) {
    forgetUnnamedKey(stateDir, before);
  }
  return `${JSON.stringify({ type: "carried-request", request })}\n`;
}

/**
 * Who this host is by the answer in a file.
 * @throws Failure when nothing was asked, or it answers another host's request;
 * Malformed or Refused when it is none that can be believed
 */
export function answerByFile(
  stateDir: string,
  { path, text }: { readonly path: string; readonly text: string },
  handedIn: Pick<SigningKey, "id"> | undefined,
): Enrolled {
  const pending = readPending(stateDir);
  if (pending === undefined) {
    throw failed(
      "this host has made no request; begin with: tourniquet enrol --request-to FILE --token-file TOKEN",
    );
  }
  const { key, answer } = parseJson(CarriedAnswer, text, path);
  if (key !== pending.key) {
    throw failed(
      `${path} answers the request of key ${key}, and this host asked with ${pending.key}: it is another host's, or of an earlier request`,
    );
  }
  const isThere =
    handedIn === undefined ? holdsKey(stateDir, key) : handedIn.id === key;
  if (isThere) return enrolledBy(answer, pending);
  throw failed(`the key ${key} of the request is not here any more`);
}

/** The key of a request that is pending. */
function readPendingOrNone(stateDir: string): string | undefined {
  try {
    return readPending(stateDir)?.key;
  } catch {
    return undefined; // it is replaced
  }
}
