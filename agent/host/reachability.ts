import { Resolver } from "node:dns/promises";
import { formatCidr, cidrOf, type Cidr } from "../model/cidr.js";
import { NETLINK_ROUTE } from "../netlink/constants.js";
import { readNeighbours } from "../netlink/neighbours.js";
import { NetlinkSocket } from "../netlink/socket.js";
import { loadLibc } from "../runtime/libc.js";

/** Those of these routers that did not answer when the kernel last asked for them. */
export async function lostAmong(
  gateways: readonly Cidr[],
): Promise<readonly Cidr[]> {
  using routes = new NetlinkSocket(await loadLibc(), NETLINK_ROUTE);
  const lost = new Set(
    readNeighbours(routes)
      .filter((each) => each.lost)
      .map(({ address }) => formatCidr(cidrOf(address, address.length * 8))),
  );
  return gateways.filter((each) => lost.has(formatCidr(each)));
}

/** Whether one of these resolvers says anything at all within two seconds. */
export async function anyAnswers(resolvers: readonly Cidr[]): Promise<boolean> {
  const answers = await Promise.all(
    resolvers.slice(0, MOST_ASKED).map(answersAt),
  );
  return answers.includes(true);
}

async function answersAt(server: Cidr): Promise<boolean> {
  const resolver = new Resolver({ timeout: PATIENCE_MS, tries: 1 });
  resolver.setServers([addressText(server)]);
  try {
    await resolver.resolveNs(ROOT_ZONE);
    return true;
  } catch (error) {
    return !SILENT.has((error as NodeJS.ErrnoException).code ?? "");
  }
}

const addressText = (server: Cidr) => formatCidr(server).replace(/\/\d+$/, "");

/** Every resolver knows it, and to ask for it tells nothing. */
const ROOT_ZONE = ".";

const SILENT = new Set(["ETIMEOUT", "ECONNREFUSED", "ECANCELLED", "ENOTIMP"]);

const PATIENCE_MS = 2_000;

/** As many as resolv.conf(5) has. */
const MOST_ASKED = 3;
