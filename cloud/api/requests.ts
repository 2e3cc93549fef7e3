import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { SOCKET } from "../operators/caller.js";
import { ApiProblem, problem } from "./problem.js";

/** The door that a request came in by: the public one, or the operators' own. */
export type DoorName = "public" | "own";

/** The address that a request comes from, or "socket" for the operators' own. */
export const fromOf = (c: Context, door: DoorName): string =>
  fromOfRequest((c.env as HttpBindings).incoming, door);

/** As `fromOf`, of a request that never comes to a route. */
export function fromOfRequest(
  { socket: { remoteAddress } }: IncomingMessage,
  door: DoorName,
): string {
  if (door === "own") return SOCKET;
  // A connection that is over has no address any more: that makes it no socket's.
  return remoteAddress ?? "gone";
}

/** The bearer token, or an empty string. */
export const bearerOf = (c: Context): string =>
  bearerIn(c.req.header("authorization"));

/** The bearer token in a header, or an empty string. */
export function bearerIn(authorization: string | undefined): string {
  const [, token = ""] =
    /^Bearer ([\w-]{1,128})$/i.exec(authorization ?? "") ?? [];
  return token;
}

/** @throws ApiProblem when the body is no JSON */
export async function jsonBody(c: Context): Promise<unknown> {
  try {
    return await c.req.json<unknown>();
  } catch {
    throw new ApiProblem(400, "invalid", [
      { field: "", value: undefined, message: "the body is not JSON" },
    ]);
  }
}

/** Hands on at most so many bytes. */
export async function* bounded(
  chunks: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      throw problem(413, "too-large", {
        field: "body",
        value: undefined,
        message: `the body has more than ${mostBytes} bytes`,
      });
    }
    yield chunk;
  }
}
