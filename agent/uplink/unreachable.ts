import { getServers } from "node:dns";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { spanText, timeText } from "../text/time.js";

/** No connection came about; the message says why, in words for people. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The same, of the proxy that leads to it. */
export class ProxyFailed extends Unreachable {}

/** What is known of a try, beside the error that it ended with. */
export interface Tried {
  /** Milliseconds since 1970, by this host's clock. */
  readonly now: number;
  /** What the far end showed, if it came to that. */
  readonly certificate?: Lasting | undefined;
}

/** From when until when a certificate is valid, in milliseconds since 1970. */
export interface Lasting {
  readonly from: number;
  readonly until: number;
}

/**
 * Why a server could not be asked, in a sentence with what to do, for who has
 * never heard of the codes that Node and OpenSSL give.
 */
export function whyUnreachable(error: Error, tried: Tried): string {
  if (error instanceof Unreachable) return error.message;
  const code = codeOf(error);
  if (UNTRUSTED.has(code)) return UNKNOWN_AUTHORITY;
  if (OUT_OF_DATE.has(code)) return outOfDate(tried);
  if (code === "EAI_AGAIN") return silentServers();
  if (NO_WAY.has(code)) return noWay(error);
  return (
    SENTENCES.get(code) ??
    PATTERNS.find(([pattern]) => pattern.test(code))?.[1] ??
    error.message
  );
}

/** Where several addresses were tried, what the first of them came to. */
const codeOf = (error: Error): string =>
  [error, ...triesOf(error)]
    .map(({ code }: NodeJS.ErrnoException) => code)
    .find((code) => code !== undefined) ?? "";

const triesOf = (error: Error): readonly Error[] =>
  error instanceof AggregateError ? (error.errors as Error[]) : [];

/** What signed the certificate is not known here, or it signed itself. */
const UNTRUSTED = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
]);
const UNKNOWN_AUTHORITY =
  "its certificate is signed by an authority that this host does not know; if it is your vendor's own, name the authority's PEM file as cloud.caFile in config.yaml (the installer's --ca FILE does that); otherwise somebody in between answers, such as a captive portal";

const OUT_OF_DATE = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/** Before this program was written: no clock that is set stands there. */
export const EARLIEST = Date.UTC(2026, 0, 1);

/** Both dates are told, since it may be either that is wrong. */
function outOfDate({ now, certificate }: Tried): string {
  if (now < EARLIEST) return `${clockOf(now)}, which cannot be: ${SET_IT}`;
  if (certificate === undefined || isWithin(now, certificate)) {
    return `a certificate that it shows has run out, or is not valid yet, and ${clockOf(now)}: one of the two is wrong`;
  }
  const { from, until } = certificate;
  return now > until
    ? `its certificate ran out on ${timeText(until)}, and ${clockOf(now)}, ${spanText(now - until)} later: tell who runs the cloud to renew it, unless that clock is wrong`
    : `its certificate is valid from ${timeText(from)} on, and ${clockOf(now)}, ${spanText(from - now)} earlier: if that clock is wrong, ${SET_IT}`;
}

const isWithin = (now: number, { from, until }: Lasting): boolean =>
  now >= from && now <= until;

const clockOf = (now: number): string =>
  `this host's clock says ${timeText(now)}`;
const SET_IT = "set it (timedatectl set-ntp true)";

/** As this host's configuration names them. */
export function silentServers(): string {
  const servers = getServers().join(", ");
  return servers === ""
    ? "this host has no name server: see /etc/resolv.conf"
    : `no name server of this host answers (${servers}): is the network up, and is that where they are?`;
}

const NO_WAY = new Set(["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]);

/** A family that the host lacks is a reason that no look at the network shows. */
function noWay(error: Error): string {
  const addresses = [error, ...triesOf(error)].flatMap(
    ({ address }: Error & { readonly address?: string }) => address ?? [],
  );
  const own = familiesOfHost();
  if (own.size === 0) {
    return "this host has no network: no device but loopback has an address";
  }
  const lacks = ([4, 6] as const).find(
    (family) =>
      !own.has(family) &&
      addresses.length > 0 &&
      addresses.every((address) => isIP(address) === family),
  );
  if (lacks === undefined) {
    const to = addresses.length === 0 ? "that address" : addresses.join(", ");
    return `this host has no way to ${to}: see ip route`;
  }
  const other = lacks === 4 ? 6 : 4;
  const help =
    lacks === 4
      ? "NAT64 with DNS64, a proxy (cloud.proxy),"
      : "a proxy (cloud.proxy)";
  return `this host has IPv${other} alone, and that name leads to IPv${lacks} alone (${addresses.join(", ")}): it needs ${help} or a cloud that has an IPv${other} address`;
}

/** Addresses of a link say nothing about the way beyond it. */
function familiesOfHost(): ReadonlySet<number> {
  const all = Object.values(networkInterfaces()).flatMap((own) => own ?? []);
  return new Set(
    all
      .filter(({ internal, address }) => !internal && !LINK_LOCAL.test(address))
      .map(({ address }) => isIP(address)),
  );
}

const LINK_LOCAL = /^(fe[89ab]|169\.254\.)/i;

const SENTENCES: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "nothing listens there; is the cloud running?"],
  ["ECONNRESET", "the connection was cut off"],
  ["ETIMEDOUT", "no answer in time; is a firewall in between?"],
  ["ENOTFOUND", "its name is not known to this host's resolver"],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "its certificate is for another name; is the address right, and does no captive portal answer in its place?",
  ],
]);

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // OpenSSL's own: what came was no TLS at all, or too old a kind.
  [
    /^(EPROTO|ERR_SSL_.*)$/,
    "it does not speak TLS there; is the address or port right?",
  ],
  [/^HPE_/, "what answers there speaks no HTTP; is the address or port right?"],
];
