import { once } from "node:events";
import { request as ask } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { IncomingMessage } from "node:http";
import {
  codeOf,
  networkFailure,
  type NetworkFailure,
} from "../../agent/text/network-failures.js";

/** As `fetch`, believing certificates of these authorities instead of the system's. */
export async function fetchTrusting(
  ca: string | undefined,
  url: URL,
  request: RequestInit,
): Promise<Response> {
  const isPlain = ca === undefined || url.protocol !== "https:";
  if (isPlain) return fetch(url, plainly(request));
  const { method = "GET", headers, body } = request;
  const asked = ask(url, { method, ca, headers: headersOf(headers) });
  const answered = once(asked, "response") as Promise<[IncomingMessage]>;
  if (body instanceof ReadableStream) {
    const bytes = Readable.fromWeb(body);
    // What fails here fails the answer, too.
    pipeline(bytes, asked).catch(() => undefined);
  } else {
    asked.end(body ?? undefined);
  }
  const [answer] = await answered.catch((cause: unknown) => {
    throw new TypeError("fetch failed", { cause });
  });
  const { statusCode: status = 502 } = answer;
  return new Response(Readable.toWeb(answer) as ReadableStream, { status });
}

function plainly(request: RequestInit): RequestInit {
  const isStream = request.body instanceof ReadableStream;
  return isStream ? { ...request, duplex: "half" } : request;
}

const headersOf = (headers: RequestInit["headers"]): Record<string, string> =>
  Object.fromEntries(new Headers(headers).entries());

/** Why nobody answers at a cloud's URL, and what to look at next. */
export function unreachable(url: string, error: unknown): string {
  const code = codeOf(error);
  const { hostname } = new URL(url);
  const failure = networkFailure(code);
  const sentence = failure && SENTENCES[failure](url, hostname);
  const known = code === "" ? "" : ` (${code})`;
  return sentence ?? `the cloud at ${url} is not reachable${known}`;
}

type Sentence = (url: string, host: string) => string;

const nobodyThere: Sentence = (url) =>
  `nothing answers at ${url}: is "tourniquet-cloud serve" running there?`;

const noName: Sentence = (_url, host) =>
  `the name ${host} is not known here: see publicUrl in cloud.json, and this machine's DNS`;

const noWay: Sentence = (url) =>
  `no packet comes back from ${url}: see publicUrl in cloud.json, the network and firewalls between`;

const notTrusted: Sentence = (url) =>
  `the certificate of ${url} is of an authority that this machine does not know: name its file with --ca, or as caFile in cloud.json`;

const outOfDate =
  (what: string): Sentence =>
  (url) =>
    `the certificate of ${url} ${what} by this machine's clock: renew it, or set the clock right`;

const otherName: Sentence = (url, host) =>
  `the certificate of ${url} is not for ${host}: see publicUrl in cloud.json`;

const noTls: Sentence = (url) =>
  `what answers at ${url} does not speak TLS: is it the cloud's port, and has "serve" --tls-cert?`;

const cutOff: Sentence = (url) =>
  `the connection to ${url} ended before the answer: the cloud's log may say why; see what came of it before you order again`;

const SENTENCES: Readonly<Record<NetworkFailure, Sentence>> = {
  "nobody-there": nobodyThere,
  "no-name": noName,
  "no-way": noWay,
  "not-trusted": notTrusted,
  "run-out": outOfDate("has run out"),
  "not-valid-yet": outOfDate("is not valid yet"),
  "other-name": otherName,
  "no-tls": noTls,
  "cut-off": cutOff,
};
