import { OutgoingRefused } from "./errors.js";
import { targetOf, type Target } from "./target.js";

/** As `fetch` takes it; a stream is read whole before it is sent. */
export interface OutgoingInit {
  readonly method?: string | undefined;
  readonly headers?:
    Headers | Record<string, string> | [string, string][] | undefined;
  readonly body?: OutgoingBody;
  /** "follow" unless given. */
  readonly redirect?: "follow" | "manual" | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type OutgoingBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | URLSearchParams
  | ReadableStream
  | null
  | undefined;

/** One request, ready to be sent. */
export interface Ask {
  readonly target: Target;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
}

/** @throws OutgoingRefused for what no call may say */
export async function askOf(target: Target, init: OutgoingInit): Promise<Ask> {
  const method = (init.method ?? "GET").toUpperCase();
  if (!METHODS.has(method)) {
    throw new OutgoingRefused("method", method, "is not one that is used");
  }
  const headers = headersOf(init.headers);
  const { body: given } = init;
  if (given === undefined || given === null) {
    return { target, method, headers, body: undefined };
  }
  if (method === "GET" || method === "HEAD") {
    throw new OutgoingRefused("method", method, "must have no body");
  }
  const said = given instanceof ReadableStream ? await read(given) : given;
  const told = new Response(said);
  const type = told.headers.get("content-type");
  if (type !== null && !headers.has("content-type")) {
    headers.set("content-type", type);
  }
  const body = new Uint8Array(await told.arrayBuffer());
  checkSize(body.length);
  return { target, method, headers, body };
}

/**
 * What is asked next when an answer leads elsewhere.
 * @throws OutgoingRefused when it may not be followed
 */
export function redirected(ask: Ask, status: number, location: string): Ask {
  const { target: from } = ask;
  const target = targetOf(location, from.url);
  const refuse = (problem: string) =>
    new OutgoingRefused("redirect", target.url.origin, problem);
  if (target.isPlain && !from.isPlain) {
    throw refuse(`from ${from.url.origin} leads from https to http`);
  }
  const isNear = target.url.origin === from.url.origin;
  const becomesGet = isRetold(status, ask.method);
  if (!becomesGet && ask.body !== undefined && !isNear) {
    throw refuse(`from ${from.url.origin} would take what was sent elsewhere`);
  }
  const headers = new Headers(ask.headers);
  for (const name of ask.headers.keys()) {
    const isOfBody = name.startsWith("content-");
    if (becomesGet && isOfBody) headers.delete(name);
    else if (!isNear && !HARMLESS.has(name)) headers.delete(name);
  }
  if (becomesGet) return { target, method: "GET", headers, body: undefined };
  return { ...ask, target, headers };
}

/** Whether it is asked again as a GET, as all browsers do. */
function isRetold(status: number, method: string): boolean {
  if (status === 303) return method !== "GET" && method !== "HEAD";
  return (status === 301 || status === 302) && method === "POST";
}

function headersOf(given: OutgoingInit["headers"]): Headers {
  const headers = new Headers(given);
  for (const name of headers.keys()) {
    if (OURS.has(name) || name.startsWith("proxy-")) {
      throw new OutgoingRefused("header", name, "is not for callers to say");
    }
  }
  if (!headers.has("user-agent")) headers.set("user-agent", "tourniquet");
  if (!headers.has("accept")) headers.set("accept", "*/*");
  headers.set("accept-encoding", "gzip, deflate, br");
  return headers;
}

/** Read no further than may be sent. */
async function read(stream: ReadableStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as ReadableStream<Uint8Array>) {
    size += chunk.length;
    checkSize(size);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checkSize(size: number): void {
  if (size <= MOST_SENT) return;
  const problem = `is more than the ${MOST_SENT} bytes that are sent at once`;
  throw new OutgoingRefused("body", `${size} bytes`, problem);
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

/** What the connection and its framing are, and who it is to. */
const OURS = new Set([
  ...["connection", "content-length", "expect", "host", "keep-alive"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);

/** What may go to another origin; all else may be a credential. */
const HARMLESS = new Set([
  ...["accept", "accept-encoding", "accept-language", "user-agent"],
  ...["if-modified-since", "if-none-match", "range"],
]);

const MOST_SENT = 8 * 1024 * 1024;
