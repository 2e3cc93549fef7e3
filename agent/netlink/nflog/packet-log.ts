import type { Libc } from "../../runtime/libc.js";
import { NETLINK_NETFILTER, NLMSG_ERROR } from "../constants.js";
import { NetlinkError } from "../error.js";
import { NetlinkListener } from "../listener.js";
import { readRefusal, type Message } from "../message.js";
import { bindGroup, packetIn, type LoggedPacket } from "./messages.js";

/** Who is told of the packets of a group. None of these may throw. */
export interface PacketHearer {
  /** One packet; its bytes are good until this returns. */
  packet(packet: LoggedPacket): void;
  /** There were more packets than there was room for. */
  overrun(): void;
  /** Nothing is heard, or will be any more: another process may have the group. */
  deaf(why: unknown): void;
}

/**
 * Hears of the packets that rules log to a group, each as it comes.
 * @throws LibcError, NetlinkError
 */
export function hearPackets(
  libc: Libc,
  { group, mostBytes }: { readonly group: number; readonly mostBytes: number },
  hearer: PacketHearer,
): AsyncDisposable {
  const hearAll = (messages: Iterable<Message>) => {
    for (const message of messages) {
      if (message.type === NLMSG_ERROR) {
        const refusal = readRefusal(message);
        if (refusal.errno === 0) continue;
        hearer.deaf(new NetlinkError("hear of packets", refusal));
      } else {
        const packet = packetIn(message);
        if (packet !== undefined) hearer.packet(packet);
      }
    }
  };
  const source = {
    protocol: NETLINK_NETFILTER,
    ask: bindGroup(group, mostBytes),
  };
  return new NetlinkListener(libc, source, {
    hear(messages) {
      try {
        hearAll(messages);
      } catch (error) {
        hearer.deaf(error);
      }
    },
    overrun: () => hearer.overrun(),
    listenerLost: (why) => hearer.deaf(why),
  });
}
