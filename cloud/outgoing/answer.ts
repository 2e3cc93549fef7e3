import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";
import * as zlib from "node:zlib";
import type { Call } from "./call.js";
import { failureAt, OutgoingFailed, OutgoingRefused } from "./errors.js";

/** How much of an answer is taken. */
export interface AnswerBounds {
  /** As it comes, in bytes. */
  readonly mostBytes: number;
  /** Once it is inflated, in bytes. */
  readonly mostInflated: number;
  /** Resolves with the next bytes, or fails when they take too long. */
  readonly within: <T>(next: Promise<T>) => Promise<T>;
}

interface AnswerParts {
  readonly url: URL;
  readonly method: string;
  readonly bounds: AnswerBounds;
  /** Ended after the last byte, or whatever goes wrong. */
  readonly call: Pick<Call, "signal" | "reason" | "onEnd" | "end">;
}

/**
 * The answer as `fetch` gives it, its body inflated, and within bounds: beyond
 * them reading it fails.
 * @throws OutgoingRefused when its head says already that it goes beyond
 */
export function responseOf(
  message: IncomingMessage,
  { url, method, bounds, call }: AnswerParts,
): Response {
  const { statusCode: status = 0 } = message;
  const headers = headersOf(message);
  if (status < 200 || status > 599) {
    const said = `answers with status ${status}, which is none`;
    throw new OutgoingFailed(url.origin, "", `${url.origin} ${said}`);
  }
  const isEmpty = method === "HEAD" || NO_BODY.has(status);
  if (isEmpty) {
    call.end();
    return responseAt(url, null, { status, headers });
  }
  const told = Number(headers.get("content-length") ?? 0);
  if (told > bounds.mostBytes) throw tooLarge(url, bounds.mostBytes);
  const coding = codingOf(url, headers.get("content-encoding"));
  if (coding !== undefined) {
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  const chunks = bodyOf(message, { url, bounds, coding });
  const body = streamOf(chunks, call, (error) => failureAt(url, error));
  return responseAt(url, body, { status, headers });
}

interface BodyParts {
  readonly url: URL;
  readonly bounds: AnswerBounds;
  readonly coding: Coding | undefined;
}

async function* bodyOf(
  message: IncomingMessage,
  { url, bounds, coding }: BodyParts,
): AsyncGenerator<Uint8Array> {
  const wire = counted(
    eachWithin(message, bounds.within),
    bounds.mostBytes,
    () => tooLarge(url, bounds.mostBytes),
  );
  if (coding === undefined) {
    yield* wire;
    return;
  }
  const inflated = counted(
    inflate(wire, coding),
    bounds.mostInflated,
    () =>
      new OutgoingRefused(
        "inflation",
        url.origin,
        `answers with what inflates to more than ${bounds.mostInflated} bytes`,
      ),
  );
  yield* inflated;
}

type Chunks = AsyncIterable<Uint8Array>;

async function* eachWithin(
  source: Chunks,
  within: AnswerBounds["within"],
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  for (;;) {
    const next = await within(iterator.next());
    if (next.done === true) return;
    yield next.value;
  }
}

async function* counted(
  source: Chunks,
  most: number,
  beyond: () => Error,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > most) throw beyond();
    yield chunk;
  }
}

type Coding = "gzip" | "deflate" | "br";

/** @throws OutgoingRefused for a coding that was not asked for, or several */
function codingOf(url: URL, said: string | null): Coding | undefined {
  const coding = (said ?? "identity").trim().toLowerCase();
  if (coding === "identity" || coding === "") return undefined;
  if (coding === "gzip" || coding === "x-gzip") return "gzip";
  if (coding === "deflate" || coding === "br") return coding;
  const problem = `is how ${url.origin} packs its answer, which nobody asked for`;
  throw new OutgoingRefused("content-encoding", coding, problem);
}

async function* inflate(
  wire: AsyncGenerator<Uint8Array>,
  coding: Coding,
): AsyncGenerator<Uint8Array> {
  const first = await wire.next();
  if (first.done === true) return;
  const all = (async function* () {
    yield first.value;
    yield* wire;
  })();
  const inflater = inflaterOf(coding, first.value);
  // Whatever fails on either side comes out where it is read.
  pipeline(all, inflater, () => undefined);
  yield* inflater as Chunks;
}

function inflaterOf(coding: Coding, first: Uint8Array) {
  if (coding === "gzip") return zlib.createGunzip();
  if (coding === "br") return zlib.createBrotliDecompress();
  // "deflate" is zlib's; some send it without its head, whose low bits are 8.
  const hasHead = ((first[0] ?? 0) & 0x0f) === 8;
  return hasHead ? zlib.createInflate() : zlib.createInflateRaw();
}

/** Reads when it is read, and ends the call whichever way it ends. */
function streamOf(
  chunks: AsyncGenerator<Uint8Array>,
  call: AnswerParts["call"],
  failure: (error: unknown) => Error,
): ReadableStream<Uint8Array> {
  // Lets go of what inflates, should the rest not be read.
  call.onEnd(() => void chunks.return(undefined).catch(nothing));
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const next = await chunks.next();
          // What was given up looks as if it had come to its end.
          if (call.signal.aborted) throw call.reason;
          if (next.done !== true) {
            controller.enqueue(next.value);
            return;
          }
          controller.close();
        } catch (error) {
          controller.error(call.signal.aborted ? call.reason : failure(error));
        }
        call.end();
      },
      cancel: () => call.end(),
    },
    { highWaterMark: 0 },
  );
}

const nothing = () => undefined;

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  }
  return headers;
}

/** As `fetch` does, it says where it is from; only `fetch` can set that. */
function responseAt(
  { href }: URL,
  body: ReadableStream<Uint8Array> | null,
  init: { readonly status: number; readonly headers: Headers },
): Response {
  const response = new Response(body, init);
  return Object.defineProperty(response, "url", { value: href });
}

const tooLarge = ({ origin }: URL, most: number): OutgoingRefused =>
  new OutgoingRefused(
    "size",
    origin,
    `answers with more than the ${most} bytes that are taken of it`,
  );

const NO_BODY = new Set([204, 205, 304]);
