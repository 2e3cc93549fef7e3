import { request, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Unreachable } from "./unreachable.js";

/** What stands between this host and its cloud. */
export interface Proxy {
  /** `http:` or `https:`, which is how the proxy itself is spoken to. */
  readonly url: URL;
  /** "user:password"; undefined where it asks for none. */
  readonly credentials: string | undefined;
}

/** Name of it for people, which has no secret in it. */
export const proxyName = ({ url }: Proxy): string => `the proxy ${url.host}`;

/**
 * Has the proxy at the far end of `socket` lead on to `authority`, a host and its
 * port; what is then sent goes there (RFC 9110 §9.3.6).
 * @throws Unreachable when it does not
 */
export function leadOn(
  socket: Socket,
  authority: string,
  proxy: Proxy,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => socket,
      method: "CONNECT",
      path: authority,
      headers: { host: authority, ...authorizationOf(proxy) },
    });
    asked.once("connect", (response, _socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      if (leads(response)) resolve();
      else reject(new Unreachable(refusalOf(response, authority, proxy)));
    });
    // Some answer a refusal as if it had been any other request.
    asked.once("response", (response) =>
      reject(new Unreachable(refusalOf(response, authority, proxy))),
    );
    asked.once("error", reject);
    asked.end();
  });
}

const leads = ({ statusCode = 0 }: IncomingMessage): boolean =>
  statusCode >= 200 && statusCode < 300;

const authorizationOf = ({
  credentials,
}: Proxy): Readonly<Record<string, string>> =>
  credentials === undefined
    ? {}
    : {
        "proxy-authorization": `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`,
      };

function refusalOf(
  { statusCode = 0 }: IncomingMessage,
  authority: string,
  proxy: Proxy,
): string {
  const name = proxyName(proxy);
  switch (statusCode) {
    case 407:
      return proxy.credentials === undefined
        ? `${name} asks for a user and a password: put them into a file, and name it as cloud.proxyCredentialsFile in config.yaml`
        : `${name} does not take the user and password of cloud.proxyCredentialsFile (HTTP 407)`;
    case 403:
      return `${name} does not let this host reach ${authority} (HTTP 403): ask who runs it to allow that`;
    case 502:
    case 503:
    case 504:
      return `${name} could not reach ${authority} itself (HTTP ${statusCode})`;
    default:
      return `${name} answered HTTP ${statusCode} when it was asked to lead to ${authority}: is it a proxy that knows CONNECT?`;
  }
}
