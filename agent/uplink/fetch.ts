import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { limits } from "../protocol/limits.js";
import { RekeyAnswer, type RekeyRequest } from "../protocol/rekey.js";
import { parseJson } from "../protocol/shapes.js";
import { MOST_TREE_HEAD_BYTES, TreeHeadAnswer } from "../protocol/tree-head.js";
import { SignedText } from "../protocol/signed-text.js";
import type { Clock } from "../runtime/clock.js";
import { reach, type Way } from "./reach.js";
import { strangeAnswer } from "./strange-answer.js";
import { whyUnreachable } from "./unreachable.js";

/** Where files of the cloud are fetched from, and with what right. */
export interface FetchOptions {
  /** The cloud's URL; `ws:` and `wss:` count as `http:` and `https:`. */
  readonly base: URL;
  readonly way: Way;
  /** The session's bearer token. */
  readonly session: string;
  readonly signal: AbortSignal;
  /** Ends what trickles in. */
  readonly clock: Pick<Clock, "now" | "sleep">;
}

/** The cloud did not hand out a file. */
export class FetchFailed extends Error {
  override readonly name = "FetchFailed";
}

/** Signed segments one behind the other, from op `from` on: `GET /v1/segments`. */
export async function fetchSegments(
  options: FetchOptions,
  at: { readonly feed: string; readonly epoch: string; readonly from: number },
): Promise<Buffer> {
  const query = new URLSearchParams({ ...at, from: String(at.from) });
  const path = `/v1/segments?${query.toString()}`;
  return fetchWhole(options, path, MOST_SEGMENTS_BYTES);
}

/** The root of this version: `GET /v1/roots/<version>`. */
export async function fetchRoot(
  options: FetchOptions,
  version: number,
): Promise<SignedText> {
  const path = `/v1/roots/${version}`;
  const answer = await fetchWhole(options, path, limits.textBytes);
  return parseJson(SignedText, answer.toString("utf8"), "signed root");
}

/** Where the cloud's log stands, and that it grew: `GET /v2/log/head`. */
export async function fetchTreeHead(
  options: FetchOptions,
  from: number,
): Promise<TreeHeadAnswer> {
  const path = `/v2/log/head?from=${from}`;
  const answer = await fetchWhole(options, path, MOST_TREE_HEAD_BYTES);
  return parseJson(TreeHeadAnswer, answer.toString("utf8"), "tree head");
}

/**
 * Has this session's device known by another key: `POST /v1/rekey`. The session
 * ends over it, perhaps before the answer is here.
 */
export async function sendRekey(
  options: Omit<FetchOptions, "signal">,
  request: RekeyRequest,
): Promise<void> {
  const { signal } = new AbortController();
  const body = JSON.stringify(request);
  const from = { ...options, signal };
  const answer = await fetchWhole(from, "/v1/rekey", limits.textBytes, body);
  parseJson(RekeyAnswer, answer.toString("utf8"), "answer to the new key");
}

async function fetchWhole(
  options: FetchOptions,
  path: string,
  mostBytes: number,
  body?: string,
): Promise<Buffer> {
  using hurried = inTime(options, mostBytes);
  const response = await ask(hurried.options, path, {}, body);
  expectStatus(response, [200]);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) {
      throw new FetchFailed(`the answer has over ${mostBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Fetches a snapshot into `folder` and returns its path. What an earlier
 * attempt left is gone on with; a file whose content does not have the address
 * it was asked by is thrown away.
 */
export async function fetchSnapshot(
  options: FetchOptions,
  wanted: { readonly sha256: string; readonly bytes: number },
  folder: string,
): Promise<string> {
  const done = join(folder, `${wanted.sha256}.tqn`);
  const part = `${done}.part`;
  if (await isWhole(done, wanted)) return done;
  await appendRest(options, wanted, part);
  if (!(await isWhole(part, wanted))) {
    await rm(part, { force: true });
    throw new FetchFailed(`the snapshot is not ${wanted.sha256}`);
  }
  await rename(part, done);
  return done;
}

async function appendRest(
  options: FetchOptions,
  { sha256, bytes }: { readonly sha256: string; readonly bytes: number },
  part: string,
): Promise<void> {
  if (bytes > limits.snapshotBytes) {
    throw new FetchFailed(`a snapshot of ${bytes} bytes is too large`);
  }
  const size = (await sizeOf(part)) ?? 0;
  if (size >= bytes) return;
  const range = size > 0 ? { range: `bytes=${size}-` } : {};
  using hurried = inTime(options, bytes - size);
  const path = `/v1/snapshots/${sha256}`;
  const response = await ask(hurried.options, path, range);
  expectStatus(response, size > 0 ? [200, 206] : [200]);
  const goesOn = response.statusCode === 206;
  await pipeline(
    response,
    atMost(goesOn ? bytes - size : bytes),
    createWriteStream(part, {
      flags: goesOn ? "a" : "w",
      mode: 0o600,
      flush: true,
    }),
  );
}

/**
 * The same fetch, with an end that its size allows it: a peer that sends a byte
 * now and then is no better than one that sends none.
 */
function inTime(
  options: FetchOptions,
  bytes: number,
): Disposable & { readonly options: FetchOptions } {
  const late = new AbortController();
  const done = new AbortController();
  const ms = GRACE_MS + bytes / SLOWEST_BYTES_PER_MS;
  options.clock.sleep(ms, done.signal).then(
    () => late.abort(new FetchFailed(`not whole after ${Math.ceil(ms)} ms`)),
    () => undefined,
  );
  const signal = AbortSignal.any([options.signal, late.signal]);
  return {
    options: { ...options, signal },
    [Symbol.dispose]: () => done.abort(),
  };
}

/** A peer that sends more than it announced is cut off. */
function atMost(most: number) {
  return async function* (source: AsyncIterable<Buffer>) {
    let left = most;
    for await (const chunk of source) {
      left -= chunk.length;
      if (left < 0) throw new FetchFailed(`more than ${most} bytes came`);
      yield chunk;
    }
  };
}

async function isWhole(
  path: string,
  { sha256, bytes }: { readonly sha256: string; readonly bytes: number },
): Promise<boolean> {
  if ((await sizeOf(path)) !== bytes) return false;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex") === sha256;
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.size;
}

/** Gets, or posts where there is a body. */
async function ask(
  options: FetchOptions,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<http.IncomingMessage> {
  const { base, session, signal } = options;
  const url = httpUrl(base, path);
  const { request } = url.protocol === "https:" ? https : http;
  const stream = await reached(options, url);
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      createConnection: () => stream,
      signal,
      method: body === undefined ? "GET" : "POST",
      headers: { ...headers, authorization: `Bearer ${session}` },
      timeout: IDLE_MS,
    });
    asked.on("timeout", () =>
      asked.destroy(new FetchFailed(`nothing came for ${IDLE_MS} ms`)),
    );
    asked.on("response", resolve);
    asked.on("error", (cause) => reject(notFetched(options, url, cause)));
    asked.end(body);
  });
}

async function reached(options: FetchOptions, url: URL): Promise<Socket> {
  const { way, signal, clock } = options;
  const patience = { timeoutMs: IDLE_MS, signal, now: clock.now() };
  try {
    return await reach(url, way, patience);
  } catch (error) {
    throw notFetched(options, url, error as Error);
  }
}

function notFetched(
  { clock }: FetchOptions,
  { pathname, search }: URL,
  cause: Error,
): FetchFailed {
  const why = whyUnreachable(cause, { now: clock.now() });
  return new FetchFailed(`cannot fetch ${pathname}${search}: ${why}`, {
    cause,
  });
}

function expectStatus(
  response: http.IncomingMessage,
  expected: readonly number[],
): void {
  const status = response.statusCode ?? 0;
  const strange = strangeAnswer(response);
  if (expected.includes(status) && strange === undefined) return;
  response.destroy();
  throw new FetchFailed(strange ?? `the cloud answered with HTTP ${status}`);
}

/** The HTTP address beside a WebSocket's. */
export function httpUrl(base: URL, path: string): URL {
  const url = new URL(path, base);
  url.protocol = base.protocol.replace(/^ws/, "http");
  return url;
}

/** Four of the largest segments, as the cloud cuts its answers. */
const MOST_SEGMENTS_BYTES = 5 * 1024 * 1024;

const IDLE_MS = 15_000;

/** For the name server, the handshake and the cloud's disk. */
const GRACE_MS = 10_000;

/** 32 KiB a second; of a snapshot the rest is gone on with. */
const SLOWEST_BYTES_PER_MS = 32.768;
