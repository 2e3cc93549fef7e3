import {
  after,
  dig,
  find,
  hostBytes,
  hostU16,
  hostU32,
  textOf,
} from "./attributes.js";
import {
  AF_BRIDGE,
  ATTRIBUTE_BYTES,
  NLA_TYPE_MASK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "./constants.js";
import { MalformedNetlink } from "./error.js";
import type { Message } from "./message.js";
import type { MessageWriter } from "./writer.js";

/** A network device. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** What made it, such as "veth" or "bridge"; undefined for hardware. */
  readonly kind: string | undefined;
  /** Index of the device that it is a port of; 0 for none. */
  readonly master: number;
  readonly lower: Lower | undefined;
  readonly isLoopback: boolean;
  /** The link-layer address as it is, 6 bytes for Ethernet. */
  readonly address: Uint8Array;
  /** Virtual functions of the hardware that were made for others. */
  readonly functions: number;
  readonly hasXdp: boolean;
  /** Undefined for what is no bridge. */
  readonly bridge: BridgeSettings | undefined;
}

/** The device that another one is made of, or the other end of a cable. */
export interface Lower {
  readonly index: number;
  /** The number that this network calls that one's by; undefined: the same. */
  readonly network: number | undefined;
}

/** Whether a bridge shows its packets to the hooks of IP, whatever the sysctls say. */
export interface BridgeSettings {
  readonly callsIpv4: boolean;
  readonly callsIpv6: boolean;
  /** It tags its frames with VLANs inside. */
  readonly tags: boolean;
}

/** Who is in this group hears of devices that come, go and change. */
export const LINK_GROUP = 1;
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;

/** Asks for the devices of this network, or of another by its number here. */
export function listLinks(w: MessageWriter, network?: number): void {
  w.message({ type: RTM_GETLINK, flags: LIST }, () => {
    w.raw(new Uint8Array(IFINFOMSG_BYTES));
    w.data(IFLA_EXT_MASK, hostBytes(FUNCTIONS | NO_STATISTICS));
    if (network !== undefined) w.data(IFLA_TARGET_NETNSID, hostBytes(network));
  });
}

/**
 * Reads a NEWLINK message, copied; undefined for others. Attributes that nobody
 * asks for are passed over without a look: there are some fifty, of each device.
 * @throws MalformedNetlink
 */
export function linkOf({ type, payload }: Message): Link | undefined {
  if (type !== RTM_NEWLINK) return undefined;
  const parts = wanted(after(payload, IFINFOMSG_BYTES));
  const part = (which: number) => parts.get(which);
  const number = (which: number) => numberIn(part(which));
  const info = part(IFLA_LINKINFO);
  const kind = info && find(info, IFLA_INFO_KIND);
  const xdp = part(IFLA_XDP);
  const attached = xdp && find(xdp, IFLA_XDP_ATTACHED);
  const name = kind && textOf(kind);
  return {
    index: hostU32(payload, 4),
    name: textOf(part(IFLA_IFNAME) ?? Buffer.alloc(0)),
    kind: name,
    master: number(IFLA_MASTER),
    lower: lowerOf(number(IFLA_LINK), part(IFLA_LINK_NETNSID)),
    isLoopback: hostU16(payload, 2) === ARPHRD_LOOPBACK,
    address: Uint8Array.from(part(IFLA_ADDRESS) ?? []),
    functions: number(IFLA_NUM_VF),
    hasXdp: (attached?.[0] ?? 0) !== 0,
    bridge: name === "bridge" && info ? bridgeIn(info) : undefined,
  };
}

function lowerOf(index: number, network?: Buffer): Lower | undefined {
  if (index === 0) return undefined;
  return { index, network: network && hostU32(network, 0) };
}

function bridgeIn(info: Buffer): BridgeSettings {
  const isSet = (which: number) =>
    (dig(info, IFLA_INFO_DATA, which)?.[0] ?? 0) !== 0;
  return {
    callsIpv4: isSet(IFLA_BR_NF_CALL_IPTABLES),
    callsIpv6: isSet(IFLA_BR_NF_CALL_IP6TABLES),
    tags: isSet(IFLA_BR_VLAN_FILTERING),
  };
}

/** Asks which link-layer addresses a device takes frames for beside its own. */
export function listFurtherAddresses(w: MessageWriter, device: number): void {
  w.message({ type: RTM_GETNEIGH, flags: LIST }, () => {
    w.raw(Uint8Array.of(AF_BRIDGE, 0, 0, 0));
    w.raw(hostBytes(device, 0, 0));
  });
}

/** Reads one of them, copied; undefined for those of groups, and for others. */
export function furtherAddressOf(message: Message): Uint8Array | undefined {
  const { type, payload } = message;
  if (type !== RTM_NEWNEIGH) return undefined;
  const address = find(after(payload, NDMSG_BYTES), NDA_LLADDR);
  const isOwn = ((payload[NTF_AT] ?? 0) & NTF_SELF) !== 0;
  const isOfGroup = ((address?.[0] ?? 0) & 1) !== 0;
  if (!isOwn || isOfGroup || address?.length !== 6) return undefined;
  return Uint8Array.from(address);
}

/** Asks for the numbers by which this network knows others. */
export function listNetworks(w: MessageWriter): void {
  w.message({ type: RTM_GETNSID, flags: LIST }, () => {
    w.raw(new Uint8Array(4));
  });
}

/** Asks by which number this network knows the one that a file is of. */
export function askForNetwork(w: MessageWriter, fd: number): void {
  w.message({ type: RTM_GETNSID, flags: NLM_F_REQUEST }, () => {
    w.raw(new Uint8Array(4));
    w.data(NETNSA_FD, hostBytes(fd));
  });
}

/** The number, should there be one. */
export function networkOf({ type, payload }: Message): number | undefined {
  if (type !== RTM_NEWNSID) return undefined;
  const bytes = find(after(payload, 4), NETNSA_NSID);
  const number = bytes && hostU32(bytes, 0);
  return number === NOT_ASSIGNED ? undefined : number;
}

const numberIn = (bytes: Buffer | undefined): number =>
  bytes === undefined ? 0 : hostU32(bytes, 0);

/** The first attribute of each type that somebody wants. */
function wanted(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  let at = 0;
  while (at + ATTRIBUTE_BYTES <= bytes.length) {
    const length = hostU16(bytes, at);
    if (length < ATTRIBUTE_BYTES || at + length > bytes.length) {
      throw new MalformedNetlink(`an attribute of ${length} bytes at ${at}`);
    }
    const type = hostU16(bytes, at + 2) & NLA_TYPE_MASK;
    if (WANTED.has(type) && !found.has(type)) {
      found.set(type, bytes.subarray(at + ATTRIBUTE_BYTES, at + length));
    }
    at += (length + 3) & ~3;
  }
  return found;
}

const LIST = NLM_F_REQUEST | NLM_F_DUMP;

/** linux/rtnetlink.h, linux/if_link.h, linux/if_bridge.h. */
const RTM_GETLINK = 18;
const IFINFOMSG_BYTES = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_NUM_VF = 21;
const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;
const IFLA_XDP = 43;
const IFLA_TARGET_NETNSID = 46;

const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_BR_VLAN_FILTERING = 7;
const IFLA_BR_NF_CALL_IPTABLES = 36;
const IFLA_BR_NF_CALL_IP6TABLES = 37;
const IFLA_XDP_ATTACHED = 2;

/** RTEXT_FILTER_VF, without which no functions are told of; …_SKIP_STATS. */
const FUNCTIONS = 1 << 0;
const NO_STATISTICS = 1 << 3;

const ARPHRD_LOOPBACK = 772;

const WANTED: ReadonlySet<number> = new Set([
  ...[IFLA_ADDRESS, IFLA_IFNAME, IFLA_LINK, IFLA_MASTER, IFLA_LINKINFO],
  ...[IFLA_NUM_VF, IFLA_LINK_NETNSID, IFLA_XDP],
]);

const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;
const NDMSG_BYTES = 12;
const NDA_LLADDR = 2;
const NTF_AT = 10;
const NTF_SELF = 0x02;

/** linux/net_namespace.h. */
const RTM_NEWNSID = 88;
const RTM_GETNSID = 90;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
const NOT_ASSIGNED = 0xffffffff;
