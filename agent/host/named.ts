import { cidrOf, formatCidr, parseAddress, type Cidr } from "../model/cidr.js";
import type { Named } from "./small-files.js";

/** The name servers of a resolv.conf. */
export function resolversIn(bytes: Buffer): Named {
  const lines = bytes.toString("latin1").split("\n");
  return addressesOf(
    lines.flatMap((line) => {
      const words = line.trim().split(/\s+/, 2);
      return words[0] === "nameserver" ? [words[1] ?? ""] : [];
    }),
  );
}

/** The DHCP servers of a lease of systemd-networkd's or NetworkManager's. */
export function serversInAssignments(bytes: Buffer): Named {
  const text = bytes.toString("latin1");
  const values = [...text.matchAll(/^SERVER_ADDRESS=(.*)$/gm)];
  return addressesOf(values.map(([, value = ""]) => value.trim()));
}

/** The DHCP servers of dhclient's leases, of which the last ones count. */
export function serversInDhclient(bytes: Buffer): Named {
  const text = bytes.toString("latin1");
  const option = /^[ \t]*option dhcp-server-identifier ([^;\n]*);/gm;
  const values = [...text.matchAll(option)];
  return addressesOf(values.map(([, value = ""]) => value.trim()).reverse());
}

/** The DHCP server of dhcpcd's lease: the message as it came (RFC 2131, 2132). */
export function serverInMessage(bytes: Buffer): Named {
  if (bytes.length < OPTIONS_AT || bytes.readUInt32BE(COOKIE_AT) !== COOKIE) {
    return { cidrs: [], problem: "is no DHCP message" };
  }
  let at = OPTIONS_AT;
  while (at + 1 < bytes.length) {
    const option = bytes[at];
    const length = option === PAD ? -1 : (bytes[at + 1] ?? 0);
    if (option === END) break;
    const end = at + 2 + length;
    if (option === SERVER_IDENTIFIER && length === 4 && end <= bytes.length) {
      const server = Uint8Array.from(bytes.subarray(at + 2, end));
      return { cidrs: [cidrOf(server, 32)], problem: undefined };
    }
    at = end;
  }
  return { cidrs: [], problem: "names no DHCP server" };
}

/**
 * Reads what programs wrote as single addresses, the first of them only. A scope
 * such as "%eth0" says where a link-local address is, and is left out.
 */
export function addressesOf(texts: readonly string[]): Named {
  const found = new Map<string, Cidr>();
  let problem: string | undefined;
  for (const text of texts) {
    const address = parseAddress(text.replace(/%.*$/, ""));
    if (address === undefined) {
      problem ??= `"${text.slice(0, 64)}" is no address`;
      continue;
    }
    const cidr = cidrOf(address, address.length * 8);
    if (found.size === MOST_ADDRESSES && !found.has(formatCidr(cidr))) {
      problem ??= `only the first ${MOST_ADDRESSES} addresses count`;
      break;
    }
    found.set(formatCidr(cidr), cidr);
  }
  return { cidrs: [...found.values()], problem };
}

/** glibc asks three; systemd-resolved may have some for each link. */
const MOST_ADDRESSES = 16;

const COOKIE = 0x63_82_53_63;
const COOKIE_AT = 236;
const OPTIONS_AT = 240;
const PAD = 0;
const END = 255;
const SERVER_IDENTIFIER = 54;
