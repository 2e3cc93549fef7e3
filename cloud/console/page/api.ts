/** How the page asks the cloud, and what it is answered when that fails. */

import { unturned } from "../../../agent/text/shown.js";

const BASE = "/api/v1";

/** What is wrong with one field. */
interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

interface Told {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly FieldProblem[];
}

/** The cloud said no, in its own words (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly code: string;
  readonly errors: readonly FieldProblem[];

  constructor(
    readonly status: number,
    /** All of the answer: some problems have more to say. */
    readonly told: Told = {},
    /** Seconds until it is worth it to ask again, where the cloud says so. */
    readonly retryAfter?: number,
  ) {
    super(told.detail ?? `The cloud answered ${status}.`);
    this.code = told.code ?? "failed";
    this.errors = told.errors ?? [];
  }
}

/** The cloud could not be asked at all. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor(cause: unknown) {
    super("The cloud does not answer.", { cause });
  }
}

export type Query = Readonly<
  Record<string, string | number | boolean | null | undefined>
>;

/** An address of the API; what is undefined, null or empty is left out. */
export function apiPath(path: string, query: Query = {}): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") {
      said.set(name, String(value));
    }
  }
  return said.size === 0 ? path : `${path}?${said.toString()}`;
}

/** The same, for a link by which a browser takes a file away. */
export const fileAddress = (path: string, query: Query): string =>
  BASE + apiPath(path, query);

export interface HowAsked {
  readonly signal?: AbortSignal;
  /** The page asks by itself: a session that nobody uses comes to its end. */
  readonly isUnattended?: boolean;
}

/**
 * Reads something. The browser keeps answers and asks whether they still hold.
 * @throws ApiProblem, Unreachable, or the signal's reason
 */
export async function ask<T>(
  path: string,
  { signal, isUnattended = false }: HowAsked = {},
): Promise<T> {
  const { body } = await fetched(path, {
    ...(signal && { signal }),
    ...(isUnattended && { headers: { "x-unattended": "true" } }),
  });
  return body as T;
}

export interface Answered<T> {
  readonly status: number;
  readonly body: T;
}

/** What an order may be. */
export type Method = "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Changes something. Said again with the same key it is carried out once.
 * @throws ApiProblem, Unreachable
 */
export async function send<T>(
  method: Method,
  path: string,
  body?: unknown,
  key: string = crypto.randomUUID(),
): Promise<Answered<T>> {
  const answered = await fetched(path, {
    method,
    headers: {
      "idempotency-key": key,
      ...(body !== undefined && { "content-type": typeOf(body) }),
    },
    ...(body !== undefined && { body: sentAs(body) }),
  });
  return answered as Answered<T>;
}

/** A list goes as the file that it is. */
const typeOf = (body: unknown): string =>
  body instanceof Blob ? "text/plain" : "application/json";

const sentAs = (body: unknown): Blob | string =>
  body instanceof Blob ? body : JSON.stringify(body);

async function fetched(
  path: string,
  init: RequestInit,
): Promise<Answered<unknown>> {
  const response = await fetch(BASE + path, init).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new Unreachable(error);
  });
  const body = response.status === 204 ? null : await jsonOf(response);
  if (response.ok) return { status: response.status, body };
  const { status, headers } = response;
  throw new ApiProblem(status, body ?? {}, secondsOf(headers));
}

/** A date, which Retry-After may be as well, is none that our cloud tells. */
function secondsOf(headers: Headers): number | undefined {
  const told = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(told) ? Number(told) : undefined;
}

/** What hosts wrote stands among the page's own words, and turns none of them. */
async function jsonOf(response: Response): Promise<unknown> {
  try {
    return JSON.parse(unturned(await response.text()));
  } catch {
    return undefined;
  }
}

/** What a failure is called in front of people. */
export const said = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
