import {
  after,
  attributesIn,
  find,
  hostU16,
  hostU32,
  type Attribute,
} from "./attributes.js";
import { AF_INET, AF_INET6, NLM_F_DUMP, NLM_F_REQUEST } from "./constants.js";
import { MalformedNetlink } from "./error.js";
import type { Message } from "./message.js";
import type { Fill, NetlinkSocket } from "./socket.js";

/** An address that this host has. */
export interface HostAddress {
  readonly family: 4 | 6;
  readonly address: Uint8Array;
  /** Length of the prefix of the network that it is on. */
  readonly prefix: number;
  /** Index of the interface. */
  readonly interface: number;
}

/** A router that this host sends to when it knows no better. */
export interface Gateway {
  readonly family: 4 | 6;
  readonly address: Uint8Array;
  /** Index of the interface behind which it is; 0 where the route says none. */
  readonly interface: number;
}

/** Who is in these groups hears of addresses and routes that come and go. */
export const ROUTE_GROUPS: readonly number[] = [
  5, // RTNLGRP_IPV4_IFADDR
  7, // RTNLGRP_IPV4_ROUTE
  9, // RTNLGRP_IPV6_IFADDR
  11, // RTNLGRP_IPV6_ROUTE
];

/** The addresses of this host, of both families, from a NETLINK_ROUTE socket. */
export function readAddresses(socket: NetlinkSocket): HostAddress[] {
  return list(
    socket,
    { operation: "list addresses", type: RTM_GETADDR },
    addressesOf,
  );
}

/** The gateways of all default routes, of all routing tables and both families. */
export function readGateways(socket: NetlinkSocket): Gateway[] {
  return list(
    socket,
    { operation: "list routes", type: RTM_GETROUTE },
    gatewaysOf,
  );
}

/** Reads a NEWADDR message: one address, or none where the family is another. */
export function addressesOf({ type, payload }: Message): HostAddress[] {
  if (type !== RTM_NEWADDR) return [];
  const attributes = after(payload, IFADDRMSG_BYTES);
  // On a point-to-point link IFA_ADDRESS is the other end.
  const bytes = find(attributes, IFA_LOCAL) ?? find(attributes, IFA_ADDRESS);
  const family = familyOf(payload.readUInt8(0));
  if (bytes === undefined || family === undefined) return [];
  return [
    {
      family,
      address: addressOf(family, bytes),
      prefix: payload.readUInt8(1),
      interface: hostU32(payload, 4),
    },
  ];
}

/** Reads a NEWROUTE message: the gateways, should it be a default route. */
export function gatewaysOf({ type, payload }: Message): Gateway[] {
  if (type !== RTM_NEWROUTE) return [];
  const attributes = after(payload, RTMSG_BYTES);
  const prefix = payload.readUInt8(1);
  if (prefix !== 0 || payload.readUInt8(7) !== RTN_UNICAST) return [];
  const family = familyOf(payload.readUInt8(0));
  if (family === undefined) return [];
  const device = find(attributes, RTA_OIF);
  const gateways = gatewaysIn(
    attributes,
    family,
    device ? hostU32(device, 0) : 0,
  );
  const hops = find(attributes, RTA_MULTIPATH);
  return hops ? [...gateways, ...nextHops(hops, family)] : gateways;
}

const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const IFADDRMSG_BYTES = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

const RTMSG_BYTES = 12;
const RTN_UNICAST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_MULTIPATH = 9;
const RTA_VIA = 18;
const RTNEXTHOP_BYTES = 8;

interface Listing {
  readonly operation: string;
  readonly type: number;
}

/** Dumps what a message type lists, of both families. */
export function list<T>(
  socket: NetlinkSocket,
  { operation, type }: Listing,
  read: (message: Message) => T[],
): T[] {
  return [AF_INET, AF_INET6].flatMap((family) => {
    const header = { type, flags: NLM_F_REQUEST | NLM_F_DUMP };
    const fixed = new Uint8Array(RTMSG_BYTES);
    fixed[0] = family;
    const ask: Fill = (w) => w.message(header, () => w.raw(fixed));
    return socket.list(operation, ask, read);
  });
}

/** Each next hop is a small message of its own: length, flags, hops, device. */
function nextHops(bytes: Buffer, family: 4 | 6): Gateway[] {
  const gateways: Gateway[] = [];
  let at = 0;
  while (at + RTNEXTHOP_BYTES <= bytes.length) {
    const length = hostU16(bytes, at);
    if (length < RTNEXTHOP_BYTES || at + length > bytes.length) {
      throw new MalformedNetlink(`a next hop of ${length} bytes at ${at}`);
    }
    const attributes = bytes.subarray(at + RTNEXTHOP_BYTES, at + length);
    gateways.push(...gatewaysIn(attributes, family, hostU32(bytes, at + 4)));
    at += (length + 3) & ~3;
  }
  return gateways;
}

function gatewaysIn(
  attributes: Buffer,
  family: 4 | 6,
  device: number,
): Gateway[] {
  const gateways: Gateway[] = [];
  for (const attribute of attributesIn(attributes)) {
    const found = gatewayOf(attribute, family);
    if (found) gateways.push({ ...found, interface: device });
  }
  return gateways;
}

function gatewayOf({ type, bytes }: Attribute, family: 4 | 6) {
  if (type === RTA_GATEWAY)
    return { family, address: addressOf(family, bytes) };
  if (type !== RTA_VIA) return undefined;
  // A router of the other family: IPv4 over IPv6.
  const via = familyOf(hostU16(bytes, 0));
  return via && { family: via, address: addressOf(via, after(bytes, 2)) };
}

/** The family that a number of the kernel stands for, if it is one of IP. */
export function familyOf(family: number): 4 | 6 | undefined {
  if (family === AF_INET) return 4;
  return family === AF_INET6 ? 6 : undefined;
}

/** Copied: what was received is overwritten by the next message. */
export function addressOf(family: 4 | 6, bytes: Buffer): Uint8Array {
  const width = family === 4 ? 4 : 16;
  if (bytes.length !== width) {
    throw new MalformedNetlink(
      `an IPv${family} address of ${bytes.length} bytes`,
    );
  }
  return Uint8Array.from(bytes);
}
