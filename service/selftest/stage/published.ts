import type { Family } from "../../../agent/model/cidr.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { NETLINK_NETFILTER } from "../../../agent/netlink/constants.js";
import {
  HEADER,
  HOOK,
  META,
  NFNL_SUBSYS_NFTABLES,
  NFPROTO_INET,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  REGISTER,
  registerAt,
} from "../../../agent/netlink/nftables/constants.js";
import {
  constant,
  dnat,
  equals,
  meta,
  payload,
  type Expression,
} from "../../../agent/netlink/nftables/expressions.js";
import {
  addBaseChain,
  addRule,
  addTable,
} from "../../../agent/netlink/nftables/messages.js";
import { NetlinkSocket } from "../../../agent/netlink/socket.js";
import type { MessageWriter } from "../../../agent/netlink/writer.js";
import { loadLibc } from "../../../agent/runtime/libc.js";

/** A TCP port of this host that stands for one of a container's. */
export interface Published {
  readonly family: Family;
  readonly port: number;
  readonly to: string;
  readonly toPort: number;
}

/** Hands on what comes in for these ports, as a container runtime has it done. */
export async function publish(all: readonly Published[]): Promise<void> {
  const libc = await loadLibc();
  using socket = new NetlinkSocket(libc, NETLINK_NETFILTER);
  const subsystem = NFNL_SUBSYS_NFTABLES;
  socket.commit({ operation: "publish ports", subsystem }, (w) => {
    addTable(w, TABLE);
    writeNatChain(w);
    for (const each of all) addRule(w, TABLE, CHAIN, ruleOf(each));
  });
}

export const TABLE = { family: NFPROTO_INET, name: "selftest" };
export const CHAIN = "prerouting";

/** The chain in which destinations are rewritten, where others do it as well. */
export function writeNatChain(w: MessageWriter): void {
  const { PREROUTING: number } = HOOK;
  addBaseChain(w, TABLE, CHAIN, { number, priority: -100, type: "nat" });
}

/** `tcp dport PORT dnat to TO:TOPORT` */
export function ruleOf(published: Published): readonly Expression[] {
  const { family, port, to, toPort } = published;
  const protocol = family === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  const registers = { address: REGISTER.FIRST, port: registerAt(16) };
  return [
    ...[meta(META.NFPROTO), equals(Uint8Array.of(protocol))],
    ...[meta(META.L4PROTO), equals(Uint8Array.of(TCP))],
    ...[payload(DESTINATION_PORT), equals(portBytes(port))],
    constant(parseCidr(to).address, registers.address),
    constant(portBytes(toPort), registers.port),
    dnat({ family: protocol, ...registers }),
  ];
}

const TCP = 6;
const DESTINATION_PORT = { base: HEADER.TRANSPORT, offset: 2, length: 2 };

const portBytes = (port: number): Uint8Array =>
  Uint8Array.of(port >> 8, port & 255);
