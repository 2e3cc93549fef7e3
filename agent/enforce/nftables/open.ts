import { NETLINK_NETFILTER } from "../../netlink/constants.js";
import { NetlinkError } from "../../netlink/error.js";
import { getGeneration } from "../../netlink/nftables/messages.js";
import { NetlinkSocket } from "../../netlink/socket.js";
import type { BanClock } from "../../runtime/clock.js";
import { LibcError, loadLibc, type Libc } from "../../runtime/libc.js";
import { CannotEnforce, type Enforcer } from "../enforcer.js";
import { kernelFeaturesOf } from "./kernel-features.js";
import { NftablesEnforcer } from "./nftables-enforcer.js";

/**
 * Opens the kernel's packet filter and changes nothing yet.
 * @throws CannotEnforce when this host lacks what it takes
 */
export async function openNftables(
  clock: BanClock,
  load: () => Promise<Libc> = loadLibc,
): Promise<Enforcer> {
  const libc = await openLibc(load);
  const socket = openSocket(libc);
  try {
    probe(socket);
    const features = kernelFeaturesOf(socket);
    return new NftablesEnforcer({ libc, socket, features, clock });
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

async function openLibc(load: () => Promise<Libc>): Promise<Libc> {
  try {
    return await load();
  } catch (cause) {
    throw new CannotEnforce("koffi has no build for this platform", { cause });
  }
}

function openSocket(libc: Libc): NetlinkSocket {
  try {
    return new NetlinkSocket(libc, NETLINK_NETFILTER);
  } catch (cause) {
    if (!(cause instanceof LibcError)) throw cause;
    throw new CannotEnforce(
      `the kernel opens no netfilter socket (${cause.code})`,
      { cause },
    );
  }
}

/** Asks something harmless that needs all that enforcing needs. */
function probe(socket: NetlinkSocket): void {
  const [answer] = socket.exchange("ask for nf_tables", getGeneration);
  if (answer instanceof NetlinkError) {
    throw new CannotEnforce(missing(answer.code), { cause: answer });
  }
}

function missing(code: string): string {
  return code === "EPERM"
    ? "the process lacks CAP_NET_ADMIN"
    : `the kernel has no nf_tables (${code})`;
}
