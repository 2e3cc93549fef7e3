import { setImmediate as nextTurn } from "node:timers/promises";
import type { Libc } from "../../libc.js";
import { cidrOf, width } from "../../model/cidr.js";
import { dig, find, hostU32, netU64 } from "../../netlink/attributes.js";
import { NETLINK_NETFILTER } from "../../netlink/constants.js";
import { MalformedNetlink } from "../../netlink/error.js";
import {
  NFTA_COUNTER,
  NFTA_EXPR,
  NFTA_LIST_ELEM,
  NFTA_SET_ELEM,
} from "../../netlink/nftables/constants.js";
import { listElements } from "../../netlink/nftables/messages.js";
import { elementsIn, type SetElement } from "../../netlink/nftables/read.js";
import {
  MOST_ATTEMPTS,
  NetlinkSocket,
  isInterrupted,
} from "../../netlink/socket.js";
import type { Message } from "../../netlink/message.js";
import type { Hit, OwnPackets } from "../enforcer.js";
import { writeElements, writeKey } from "./elements.js";
import { DROPPED, OBSERVED } from "./fates.js";
import { isAbsent, isFound, type KernelTable } from "./kernel-table.js";
import { SIDES, TABLE, hitsSet, type Side } from "./layout.js";

/** The hits of all sides, read anew when others disturb the reading. */
export async function readHits(libc: Libc): Promise<readonly Hit[]> {
  for (let attempt = 1; ; attempt++) {
    using socket = new NetlinkSocket(libc, NETLINK_NETFILTER);
    try {
      return await listHits(socket);
    } catch (error) {
      if (isAbsent(error)) return [];
      if (!isInterrupted(error) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/** How many packets of one kind this host's programs sent, of which it counted. */
export function countedIn(table: KernelTable, packets: OwnPackets): number {
  const { remote } = packets;
  const side: Side = { family: remote.family, direction: "out" };
  const set = hitsSet(side).name;
  const [answer] = table.ask("look up a count", (w) =>
    writeElements(w, { verb: "get", set }, [keyOf(packets)], (key) =>
      writeKey(w, key),
    ),
  );
  if (answer === undefined || !isFound(answer)) return 0;
  const [element] = elementsIn(answer as Message);
  return element === undefined ? 0 : hitOf(side, element).packets;
}

/** The way back from `hitOf`, for what comes from this host. */
function keyOf({ remote, observed, protocol, port }: OwnPackets): Buffer {
  const addressBytes = width(remote.family);
  const key = Buffer.alloc(addressBytes + 16);
  key.set(remote.address);
  key.writeUInt8(protocol, addressBytes);
  key.writeUInt16BE(port, addressBytes + 4);
  key.set(observed ? OBSERVED : DROPPED, addressBytes + 12);
  return key;
}

/**
 * Lists the hits of all sides. The event loop gets a turn after every message,
 * so the socket must be one that nobody else uses meanwhile.
 */
async function listHits(socket: NetlinkSocket): Promise<Hit[]> {
  const hits: Hit[] = [];
  for (const side of SIDES) {
    const dump = socket.dump("list hits", (w) =>
      listElements(w, TABLE, hitsSet(side).name),
    );
    for (const message of dump) {
      for (const element of elementsIn(message))
        hits.push(hitOf(side, element));
      await nextTurn();
    }
  }
  return hits;
}

/**
 * Reads one element: remote address, protocol, port, way and fate, each on four
 * bytes.
 * @throws MalformedNetlink when it is none of ours
 */
export function hitOf(side: Side, { key, attributes }: SetElement): Hit {
  const addressBytes = width(side.family);
  if (key.length < addressBytes + 16) {
    throw new MalformedNetlink(`a hit's key of ${key.length} bytes`);
  }
  const address = Uint8Array.from(key.subarray(0, addressBytes));
  return {
    remote: cidrOf(address, addressBytes * 8),
    direction: side.direction,
    protocol: key.readUInt8(addressBytes),
    port: key.readUInt16BE(addressBytes + 4),
    forwarded: isForwarded(side, hostU32(key, addressBytes + 8)),
    observed: hostU32(key, addressBytes + 12) !== 0,
    ...countsIn(attributes),
  };
}

/**
 * What comes in is for this host, for all of its network, or for others; what
 * goes out has come in by a device, unless it is from here.
 */
function isForwarded({ direction }: Side, way: number): boolean {
  if (direction === "out") return way !== 0;
  return way === RTN_UNICAST || way === RTN_UNREACHABLE || way === 0;
}

/** linux/rtnetlink.h; a broadcast (3) or a multicast (5) is for this host too. */
const RTN_UNICAST = 1;
const RTN_UNREACHABLE = 7;

/** One counter stands by itself; among several it stands in a list. */
function countsIn(attributes: Buffer): Pick<Hit, "packets" | "bytes"> {
  const { EXPRESSION, EXPRESSIONS } = NFTA_SET_ELEM;
  const counter =
    dig(attributes, EXPRESSION, NFTA_EXPR.DATA) ??
    dig(attributes, EXPRESSIONS, NFTA_LIST_ELEM, NFTA_EXPR.DATA);
  const count = (type: number): number => {
    const bytes = counter && find(counter, type);
    return bytes ? netU64(bytes) : 0;
  };
  return {
    packets: count(NFTA_COUNTER.PACKETS),
    bytes: count(NFTA_COUNTER.BYTES),
  };
}
