import { request, type IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { WireAnswer, WireRequest } from "./wire.js";

/**
 * As `ask` of the wire, with a body that may be refused while it is still on its
 * way: the connection stays open until the answer is read.
 * @throws what the socket or the body fails with
 */
export async function handOver(
  socketPath: string,
  { path, method, headers }: WireRequest,
  body: Readable,
  patienceMs: number,
): Promise<WireAnswer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const terms = { socketPath, path, method, headers, timeout: patienceMs };
    const asked = request(terms);
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", reject);
    asked.on("response", resolve);
    body.on("error", (error) => asked.destroy(error));
    body.pipe(asked);
  });
  response.setEncoding("utf8");
  const { "content-type": contentType = "", "content-length": length } =
    response.headers;
  return {
    status: response.statusCode ?? 0,
    ...{ contentType, body: response as AsyncIterable<string> },
    length: length === undefined ? undefined : Number(length),
  };
}
