import { NETLINK_NETFILTER } from "../../netlink/constants.js";
import { dig, find, textOf } from "../../netlink/attributes.js";
import type { Message } from "../../netlink/message.js";
import {
  HOOK,
  NFPROTO_INET,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  NFTA_CHAIN,
  NFTA_HOOK,
} from "../../netlink/nftables/constants.js";
import { listChains } from "../../netlink/nftables/messages.js";
import { attributesOf, chainName } from "../../netlink/nftables/read.js";
import { NetlinkSocket } from "../../netlink/socket.js";
import { loadLibc } from "../../runtime/libc.js";
import { PRIORITY, TABLE } from "./sets/layout.js";

/** A chain of somebody else that looks at packets. */
export interface OtherChain {
  /** As nft has it: "ip nat". */
  readonly table: string;
  readonly chain: string;
  /** The lower, the earlier. */
  readonly priority: number;
  /** Whether it looks at what comes in before bans do. */
  readonly isBefore: boolean;
}

/**
 * Chains of other tables that look at what comes in, the earliest first; iptables over
 * nftables has its own among them. @throws NetlinkError without CAP_NET_ADMIN
 */
export async function otherChains(): Promise<readonly OtherChain[]> {
  using socket = new NetlinkSocket(await loadLibc(), NETLINK_NETFILTER);
  const any = { family: NFPROTO_UNSPEC, name: "" };
  const found = socket.list("list chains", (w) => listChains(w, any), otherIn);
  return found.sort((one, other) => one.priority - other.priority);
}

const NFPROTO_UNSPEC = 0;

function otherIn(message: Message): readonly OtherChain[] {
  const attributes = attributesOf(message);
  const name = textOf(find(attributes, NFTA_CHAIN.TABLE) ?? Buffer.alloc(0));
  const family = FAMILIES.get(message.payload[0] ?? 0);
  const of = (field: number) => dig(attributes, NFTA_CHAIN.HOOK, field);
  const hook = of(NFTA_HOOK.NUMBER)?.readUInt32BE(0);
  const priority = of(NFTA_HOOK.PRIORITY)?.readInt32BE(0);
  const isOurs = family === "inet" && name === TABLE.name;
  if (isOurs || family === undefined || priority === undefined) return [];
  if (hook !== HOOK.PREROUTING && hook !== LOCAL_IN) return [];
  const isBefore = hook === HOOK.PREROUTING && priority < PRIORITY;
  const table = `${family} ${name}`;
  return [{ table, chain: chainName(message), priority, isBefore }];
}

const LOCAL_IN = 1;

const FAMILIES: ReadonlyMap<number, string> = new Map([
  [NFPROTO_INET, "inet"],
  [NFPROTO_IPV4, "ip"],
  [NFPROTO_IPV6, "ip6"],
]);
