import { isMapped, parseAddress, type Cidr } from "../../agent/model/cidr.js";
import { OutgoingRefused } from "./errors.js";

/** Where a URL leads, in the one spelling that nobody reads otherwise. */
export interface Target {
  readonly url: URL;
  /** A name, or an address without brackets. */
  readonly host: string;
  /** Where the host is an address. */
  readonly address: Cidr | undefined;
  readonly port: number;
  /** http, and not https. */
  readonly isPlain: boolean;
}

/**
 * Reads a URL, or where a redirect leads from `base`.
 * @throws OutgoingRefused for what two readers could understand in two ways
 */
export function targetOf(given: string | URL, base?: URL): Target {
  const text = typeof given === "string" ? given : given.href;
  const url = parsed(text, base);
  const { protocol, hostname } = url;
  if (protocol !== "https:" && protocol !== "http:") {
    throw new OutgoingRefused("url", protocol, "has to be https:");
  }
  if (url.username !== "" || url.password !== "") {
    throw new OutgoingRefused("url", url.host, "must have no user name in it");
  }
  url.hash = "";
  const isRelative = base !== undefined && !/^([a-z][^/?#]*:|\/\/)/i.test(text);
  const spelled = isRelative ? hostname : spelledHost(text, url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const address = addressOf(host);
  checkSpelling({ spelled, hostname, address });
  const isPlain = protocol === "http:";
  const port = url.port === "" ? (isPlain ? 80 : 443) : Number(url.port);
  return { url, host, address, port, isPlain };
}

function parsed(text: string, base: URL | undefined): URL {
  if (text.length > LONGEST_URL) {
    throw new OutgoingRefused("url", text.slice(0, 60), "is too long");
  }
  // The first two vanish in a URL, and the last becomes a slash.
  if (/[\p{Cc}\s\\]/u.test(text)) {
    const problem = "must have no spaces, control characters or backslashes";
    throw new OutgoingRefused("url", withoutSecrets(text), problem);
  }
  try {
    return new URL(text, base);
  } catch {
    throw new OutgoingRefused("url", withoutSecrets(text), "is not a URL");
  }
}

/** What stands between "//" and the port, as it was written. */
function spelledHost(text: string, { host }: URL): string {
  const [, authority = ""] = /^(?:https?:)?\/\/([^/?#]*)/i.exec(text) ?? [];
  if (authority === "" || authority.includes("@")) {
    throw new OutgoingRefused("url", host, "has to begin as https://HOST");
  }
  return authority.replace(/:\d*$/, "").toLowerCase();
}

interface Spelling {
  readonly spelled: string;
  readonly hostname: string;
  readonly address: Cidr | undefined;
}

/** @throws OutgoingRefused for an address that is spelled otherwise, and names that are none */
function checkSpelling({ spelled, hostname, address }: Spelling): void {
  const refuse = (problem: string) =>
    new OutgoingRefused("host", spelled, problem);
  if (hostname.split(".").includes("")) {
    throw refuse("must have a name between its dots, and none at its ends");
  }
  if (hostname.length > LONGEST_NAME) throw refuse("is too long");
  if (spelled.includes("%")) throw refuse("must have no percent sign");
  if (address?.family === 4 && spelled !== hostname) {
    throw refuse(`is an odd spelling of ${hostname}`);
  }
  if (address && isMapped(address)) {
    throw refuse("is an IPv4 address in IPv6 clothes");
  }
}

/** The single address that a text is, if it is one. */
export function addressOf(text: string): Cidr | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  const isIpv4 = address.length === 4;
  return { family: isIpv4 ? 4 : 6, address, prefix: isIpv4 ? 32 : 128 };
}

/** A text that is no URL may have a password or a token in it all the same. */
const withoutSecrets = (text: string): string =>
  text.replace(/[^/]*@/, "…@").replace(/\?.*/s, "?…");

const LONGEST_URL = 4096;
/** As text (RFC 1035 §2.3.4). */
const LONGEST_NAME = 253;
