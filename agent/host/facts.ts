import { lookup } from "node:dns/promises";
import type { HostFacts } from "../guard/facts.js";
import { loadLibc } from "../libc.js";
import { cidrOf, parseAddress, type Cidr } from "../model/cidr.js";
import { NETLINK_ROUTE } from "../netlink/constants.js";
import { readAddresses, readGateways } from "../netlink/route.js";
import { NetlinkSocket } from "../netlink/socket.js";

/** What facts depend on beside the host itself. */
export interface CloudWhereabouts {
  /** Name or address, as the cloud's URL has it. */
  readonly hostname: string;
  /** Addresses that connections to the cloud have gone to. */
  readonly connected: readonly string[];
}

/**
 * Reads this host's addresses and gateways from the kernel and looks the cloud
 * up. A name that does not resolve now is no reason to forget where it was:
 * the addresses connected to so far still count.
 */
export async function readHostFacts(
  cloud: CloudWhereabouts,
): Promise<HostFacts> {
  const { hostname, connected } = cloud;
  const resolved = await addressesOf(hostname);
  const libc = await loadLibc();
  using socket = new NetlinkSocket(libc, NETLINK_ROUTE);
  return {
    own: readAddresses(socket).map(({ address }) => single(address)),
    gateways: readGateways(socket).map(({ address }) => single(address)),
    cloud: [...new Set([...connected, ...resolved])].flatMap(parsed),
  };
}

/** An IPv6 literal stands in brackets in a URL. */
async function addressesOf(hostname: string): Promise<readonly string[]> {
  try {
    const bare = hostname.replace(/^\[(.*)\]$/, "$1");
    const found = await lookup(bare, { all: true });
    return found.map(({ address }) => address);
  } catch {
    return [];
  }
}

function parsed(text: string): readonly Cidr[] {
  const address = parseAddress(text.replace(/%.*$/, ""));
  return address === undefined ? [] : [single(address)];
}

function single(address: Uint8Array): Cidr {
  return cidrOf(address, address.length * 8);
}
