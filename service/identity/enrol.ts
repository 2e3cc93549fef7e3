import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Identity } from "../../agent/config/identity.js";
import type { Inventory } from "../../agent/host/inventory.js";
import { printable } from "../../agent/log/printable.js";
import type { Mode } from "../../agent/model/mode.js";
import {
  EnrolmentAnswer,
  enrolmentProofBytes,
  type EnrolmentRequest,
  type EnrolmentToken,
} from "../../agent/protocol/enrolment.js";
import { limits } from "../../agent/protocol/limits.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { isSafeTransport } from "../../agent/protocol/transport.js";
import {
  exitCodes,
  Failure,
  failed,
  misused,
} from "../../agent/text/failure.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import { TrustedRoot } from "../../agent/trust/root.js";
import { reach, type Way } from "../../agent/uplink/reach.js";
import { NO_CLOUD, strangeAnswer } from "../../agent/uplink/strange-answer.js";
import { whyUnreachable } from "../../agent/uplink/unreachable.js";

export interface EnrolOptions {
  readonly token: EnrolmentToken;
  /** New, and on the disk already: the token is spent on it. */
  readonly deviceKey: SigningKey;
  readonly inventory: Pick<Inventory, "hostname" | "system">;
  readonly version: string;
  readonly way: Way;
}

/**
 * Spends the token on this host's new key, and accepts the answer only if
 * the root that it brings is the one that the token pins.
 */
export async function enrol(options: EnrolOptions): Promise<Enrolled> {
  const { token, deviceKey, way } = options;
  const url = new URL("/v1/enrol", token.url);
  checkTransport(url);
  const body = JSON.stringify(requestOf(options, deviceKey));
  const text = await post(url, body, way, { what: "the enrolment", ok: 201 });
  const answer = parseJson(EnrolmentAnswer, text, "answer to the enrolment");
  return enrolledBy(answer, { ...token, key: deviceKey.id });
}

/** The cloud said no: to ask again with the same is of no use. */
export class EnrolmentRefused extends Failure {
  constructor(message: string) {
    super(message, exitCodes.failed);
  }
}

/** What an enrolment came to. */
export interface Enrolled {
  readonly identity: Identity;
  /** What the token proposes that the host begins with. */
  readonly mode: Mode | undefined;
}

/**
 * Who this host is by the cloud's answer.
 * @throws Refused when the root that it brings is not the one that the token pins
 */
export function enrolledBy(
  { agent, org, cloud, root, mode }: EnrolmentAnswer,
  asked: Pick<EnrolmentToken, "url" | "root"> & { readonly key: string },
): Enrolled {
  TrustedRoot.open(root, asked.root);
  const { key, url, root: rootFingerprint } = asked;
  const named = { agent, org, key, cloud, url };
  return { identity: { version: 1, ...named, rootFingerprint, root }, mode };
}

/** What is not encrypted may not leave the machine. */
export function checkTransport(url: URL): void {
  if (/^https?:$/.test(url.protocol) && isSafeTransport(url)) return;
  throw misused(
    `${url.protocol}//${url.host} is not encrypted; only https: may leave this machine`,
  );
}

/** What a host asks to be enrolled with, over a network or in a file. */
export function requestOf(
  {
    token,
    inventory,
    version,
  }: Pick<EnrolOptions, "token" | "inventory" | "version">,
  key: SigningKey,
): EnrolmentRequest {
  const proof = key.sign(enrolmentProofBytes(token.secret));
  return {
    secret: token.secret,
    publicKey: Buffer.from(key.publicKey).toString("base64url"),
    proof: Buffer.from(proof).toString("base64url"),
    hostname: inventory.hostname.slice(0, 253),
    system: inventory.system.slice(0, 128),
    version,
  };
}

/** What is asked for, and the status of a cloud that does it. */
interface Asking {
  readonly what: string;
  readonly ok: number;
}

/**
 * What the cloud answers, before any link to it.
 * @throws EnrolmentRefused when it says no; Failure when it says nothing
 */
export async function post(
  url: URL,
  body: string,
  way: Way,
  { what, ok }: Asking,
): Promise<string> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const patience = { timeoutMs: TIMEOUT_MS, now: Date.now() };
  const stream = await reach(url, way, patience).catch((error: unknown) => {
    throw notReached(url, error as Error);
  });
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      createConnection: () => stream,
      method: "POST",
      headers: { "content-type": "application/json" },
      timeout: TIMEOUT_MS,
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", (error) => reject(notReached(url, error)));
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > limits.textBytes) {
          response.destroy(failed(`${url.origin} answered with too much`));
        }
      });
      response.on("end", () => {
        if (response.statusCode === ok) resolve(text);
        else reject(refusal(url, response, [what, text]));
      });
      response.on("error", reject);
    });
    asked.end(body);
  });
}

const notReached = (url: URL, error: Error): Error =>
  failed(
    `cannot reach ${url.origin}: ${whyUnreachable(error, { now: Date.now() })}`,
    error,
  );

function refusal(
  url: URL,
  response: IncomingMessage,
  [what, text]: readonly [string, string],
): Error {
  const status = response.statusCode ?? 0;
  const strange = strangeAnswer(response);
  if (strange !== undefined) return failed(`${url.origin}: ${strange}`);
  if (status < 400) {
    return failed(`${url.origin} answered HTTP ${status}, ${NO_CLOUD}`);
  }
  const message = /"message":"([^"]{1,200})"/.exec(text)?.[1];
  const told = `${url.origin} refused ${what}: ${printable(message ?? `HTTP ${status}`)}`;
  const isFinal = status < 500 && status !== 408 && status !== 429;
  return isFinal ? new EnrolmentRefused(told) : failed(told);
}

const TIMEOUT_MS = 15_000;
