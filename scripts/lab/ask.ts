import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { buffer } from "node:stream/consumers";

export interface Asking {
  readonly method: string;
  readonly token?: string;
  readonly body?: string;
  readonly socketPath?: string;
  /** PEM of the authority of the other's certificate. */
  readonly ca?: string;
}

/** @throws whatever keeps the answer from coming, and what is no success */
export const ask = async (url: URL, asking: Asking): Promise<string> =>
  (await askForBytes(url, asking)).toString("utf8");

export function askForBytes(url: URL, asking: Asking): Promise<Buffer> {
  const { method, token, body, socketPath, ca } = asking;
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method,
      ...(ca === undefined ? {} : { ca }),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(socketPath === undefined ? {} : { socketPath }),
    });
    asked.on("error", reject);
    asked.on("response", (response) => {
      const status = response.statusCode ?? 0;
      buffer(response).then((bytes) => {
        if (status < 300) return resolve(bytes);
        const said = `HTTP ${status} ${bytes.toString("utf8")}`;
        reject(new Error(`${method} ${url.pathname}: ${said}`));
      }, reject);
    });
    asked.end(body);
  });
}
