import type { HostFacts } from "../guard/facts.js";
import { loadLibc } from "../libc.js";
import { cidrOf, parseAddress, type Cidr } from "../model/cidr.js";
import { NETLINK_ROUTE } from "../netlink/constants.js";
import { readAddresses, readGateways } from "../netlink/route.js";
import { NetlinkSocket } from "../netlink/socket.js";

/**
 * Reads this host's addresses and gateways from the kernel, which needs no
 * network. `cloud` is where the cloud is known to be, as text.
 */
export async function readHostFacts(
  cloud: readonly string[],
): Promise<HostFacts> {
  const libc = await loadLibc();
  using socket = new NetlinkSocket(libc, NETLINK_ROUTE);
  return {
    own: readAddresses(socket).map(({ address }) => single(address)),
    gateways: readGateways(socket).map(({ address }) => single(address)),
    cloud: [...new Set(cloud)].flatMap(parsed),
  };
}

function parsed(text: string): readonly Cidr[] {
  const address = parseAddress(text.replace(/%.*$/, ""));
  return address === undefined ? [] : [single(address)];
}

function single(address: Uint8Array): Cidr {
  return cidrOf(address, address.length * 8);
}
