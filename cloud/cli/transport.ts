import { Readable } from "node:stream";
import {
  askAtOperatorsDoor,
  isOperatorsDoorOpen,
} from "../door/operators-door.js";
import { fetchTrusting } from "./trusted-fetch.js";

/** Where a cloud is. */
export interface Where {
  readonly dir: string;
  readonly url: string;
  /** PEM of the authorities to believe; undefined: those of the system. */
  readonly ca: string | undefined;
}

/** What is asked of a cloud. */
export interface Asked {
  readonly path: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly authorization: string;
  readonly body?: string | AsyncIterable<Uint8Array>;
}

/**
 * Asks the cloud of a folder: at its operators' own door where it runs on this
 * machine, whatever goes on at the public one; else at the URL.
 */
export async function ask(
  where: Where,
  { path, method, authorization, body }: Asked,
): Promise<Response> {
  const headers = { authorization };
  if (await isOperatorsDoorOpen(where.dir)) {
    const options = { path, method, headers };
    const answer = await askAtOperatorsDoor(where.dir, options, body);
    const { statusCode: status = 502 } = answer;
    return new Response(Readable.toWeb(answer) as ReadableStream, { status });
  }
  return fetchTrusting(where.ca, new URL(path, where.url), {
    ...{ method, headers },
    ...(typeof body === "string" && { body }),
    ...(typeof body === "object" && {
      body: Readable.toWeb(Readable.from(body)) as ReadableStream<Uint8Array>,
    }),
  });
}
