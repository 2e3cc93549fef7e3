import { request as askPlainly } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as askByTls, type RequestOptions } from "node:https";
import type { SecureContext } from "node:tls";
import { formatAddress, type Cidr } from "../../agent/model/cidr.js";
import type { Ask } from "./ask.js";
import { OutgoingRefused } from "./errors.js";

export interface ExchangeOptions {
  /** The judged address: nothing is looked up again. */
  readonly address: Cidr;
  /** Authorities; Node's own unless given. */
  readonly secureContext: SecureContext | undefined;
  readonly signal: AbortSignal;
}

/** What one request comes to; who waits for none of them misses nothing. */
export interface Exchange {
  /** Whoever was dialled is there, and is who the URL says. */
  readonly connected: Promise<unknown>;
  readonly head: Promise<IncomingMessage>;
}

/** Sends one request to one address. */
export function exchange(
  { target, method, headers, body }: Ask,
  { address, secureContext, signal }: ExchangeOptions,
): Exchange {
  const { url, isPlain, port } = target;
  const options: RequestOptions = {
    ...{ method, port, signal },
    host: formatAddress(address.address),
    path: url.pathname + url.search,
    headers: { ...Object.fromEntries(headers), host: url.host },
    // An agent of its own for each: no connection is used again, and none goes
    // by a proxy of the environment's.
    agent: false,
    maxHeaderSize: MOST_HEADER,
    insecureHTTPParser: false,
    ...(!isPlain && {
      // No variable of the environment turns this off.
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      // A name only: certificates are held to an address without it.
      servername: target.address === undefined ? target.host : "",
      secureContext,
    }),
  };
  const asked = isPlain ? askPlainly(options) : askByTls(options);
  const connected = new Promise<void>((resolve) => {
    asked.once("socket", (socket) => {
      socket.once(isPlain ? "connect" : "secureConnect", () => resolve());
    });
  });
  const head = headOf(asked, url);
  asked.end(body);
  return { connected: Promise.race([connected, head]), head };
}

function headOf(asked: ClientRequest, { origin }: URL) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    let early = 0;
    asked.on("information", () => {
      early += 1;
      if (early <= MOST_EARLY) return;
      const problem = `answers with more than ${MOST_EARLY} heads`;
      asked.destroy(new OutgoingRefused("header", origin, problem));
    });
    asked.once("upgrade", (_, socket) => {
      socket.destroy();
      const problem = "answers with another protocol, which nobody asked for";
      reject(new OutgoingRefused("status", origin, problem));
    });
    asked.once("response", (message) => {
      // What fails after the head is told to who reads the answer.
      message.on("error", nothing);
      resolve(message);
    });
    asked.once("error", reject);
    asked.on("error", nothing);
  });
}

const nothing = () => undefined;

const MOST_HEADER = 16 * 1024;

/** Heads such as "103 Early Hints" before the answer's own. */
const MOST_EARLY = 8;
