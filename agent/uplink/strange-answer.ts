import type { IncomingMessage } from "node:http";
import { printable } from "../log/printable.js";

/**
 * What is strange about an answer that no cloud gives: it leads elsewhere, or is a web
 * page. Undefined for an answer that may be the cloud's.
 */
export function strangeAnswer({
  statusCode = 0,
  headers,
}: Pick<IncomingMessage, "statusCode" | "headers">): string | undefined {
  const http = `HTTP ${statusCode}`;
  if (statusCode === 511) {
    return `what answers wants somebody to sign in to the network first (${http}): a captive portal is in between`;
  }
  if (statusCode >= 300 && statusCode < 400) {
    const { location } = headers;
    const to =
      location === undefined ? "" : ` to ${printable(location.slice(0, 200))}`;
    return `what answers leads elsewhere${to} (${http}), ${NO_CLOUD}`;
  }
  const isPage = /^text\/html\b/i.test(headers["content-type"] ?? "");
  if (isPage && statusCode < 300) {
    return `what answers is a web page (${http}), ${NO_CLOUD}`;
  }
  return undefined;
}

export const NO_CLOUD =
  "as no cloud of tourniquet does: a captive portal or a proxy may be in between, or the address is another server's";
