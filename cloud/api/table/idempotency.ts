import { createHmac, randomBytes } from "node:crypto";
import type { Caller } from "../../operators/caller.js";
import { sha256 } from "../../../agent/protocol/sha256.js";
import { problem } from "../problem.js";

/** An answer as it went out. */
export interface Kept {
  readonly status: number;
  readonly text: string;
  readonly etag: string;
}

/** A change that was carried out, as it is remembered. */
export interface KeptChange {
  readonly id: string;
  readonly request: string;
  /** Whose room it takes; null: the vendor's. */
  readonly org: string | null;
  /** Null: it is shown once, and kept nowhere. */
  readonly answer: Kept | null;
}

/** Answers of changes, by caller and key, for a day. */
export interface KeptAnswers {
  find(
    id: string,
  ): { readonly request: string; readonly answer: Kept | null } | undefined;
  keep(change: KeptChange): void;
}

/** A change as it was asked for. */
interface Asked {
  readonly caller: Caller;
  readonly operation: string;
  /** Method, URL and body as they came; without a body that streams, and with a veil over secrets. */
  readonly request: readonly string[];
  readonly key: string | undefined;
  /** The answer holds what is shown once, and is not kept. */
  readonly shownOnce: boolean;
}

/** Gone with the process: what a password was can't be tried out on what is kept. */
const veil = randomBytes(32);

/** A body with a secret, such that only this process can say whether it came before. */
export const veiled = (text: string): string =>
  createHmac("sha256", veil).update(text).digest("hex");

/** Keys whose requests are being carried out now. */
const running = new WeakMap<KeptAnswers, Set<string>>();

/**
 * Carries a change out once for its key, and answers as then when it comes again.
 * @throws ApiProblem when the key came with something else, or is at work
 */
export async function onlyOnce(
  { caller, request: asked, key, shownOnce, operation }: Asked,
  kept: KeptAnswers,
  act: () => Promise<Response>,
): Promise<Response> {
  if (key === undefined) return act();
  mustBeKey(key);
  const id = digest([caller.operator, key]);
  const request = digest([operation, ...asked]);
  const known = kept.find(id);
  if (known !== undefined) {
    if (known.request !== request) throw usedBefore(key);
    if (known.answer === null) throw shownBefore(key);
    return again(known.answer);
  }
  const busy = running.get(kept) ?? new Set();
  running.set(kept, busy);
  if (busy.has(id)) throw atWork(key);
  busy.add(id);
  try {
    const response = await act();
    const answer = shownOnce ? null : await keptOf(response.clone());
    kept.keep({ id, request, org: caller.org, answer });
    return response;
  } finally {
    busy.delete(id);
  }
}

const keptOf = async (response: Response): Promise<Kept> => ({
  status: response.status,
  text: await response.text(),
  etag: response.headers.get("etag") ?? "",
});

const again = ({ status, text, etag }: Kept): Response =>
  new Response(text === "" ? null : text, {
    status,
    headers: {
      ...{ "content-type": "application/json", etag },
      ...{ "idempotency-replayed": "true", "cache-control": "no-store" },
    },
  });

const digest = (parts: readonly unknown[]): string =>
  sha256(Buffer.from(JSON.stringify(parts))).toString("hex");

function mustBeKey(key: string): void {
  if (/^[\x21-\x7e]{1,128}$/.test(key)) return;
  throw problem(400, "invalid", {
    ...{ field: "Idempotency-Key", value: key },
    message: "Idempotency-Key: 1 to 128 printable characters are expected",
  });
}

const usedBefore = (key: string) =>
  problem(422, "key-used", {
    ...{ field: "Idempotency-Key", value: key },
    message: "this key came with another request before: take a new one",
  });

const atWork = (key: string) =>
  problem(409, "in-progress", {
    ...{ field: "Idempotency-Key", value: key },
    message: "the first request with this key is still being carried out",
  });

const shownBefore = (key: string) =>
  problem(409, "shown-before", {
    ...{ field: "Idempotency-Key", value: key },
    message:
      "this was carried out, and its answer holds what is shown only once: revoke that, and ask with a new key",
  });
