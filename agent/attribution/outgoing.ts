import type { LoggedPacket } from "../netlink/nflog/messages.js";

/** One packet that left, or was to leave, for a banned address. */
export interface Outgoing {
  readonly family: 4 | 6;
  /** 4 or 16 bytes each. */
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly protocol: number;
  /** 0 for protocols without ports. */
  readonly localPort: number;
  readonly port: number;
  /**
   * False for what answers, or may: TCP of what was open before, UDP from a port
   * that servers have, all of ICMP but its questions.
   */
  readonly begun: boolean;
  /** Whether it came in by a device; the kernel says so of its own, too. */
  readonly forwarded: boolean;
  readonly observed: boolean;
  readonly uid: number | undefined;
}

/** What the enforcer's rules call the packets of bans that only watch. */
const OBSERVED_PREFIX = "observed";

/** Reads a packet from its network header on; undefined for what is none. */
export function outgoingIn(packet: LoggedPacket): Outgoing | undefined {
  const header = networkHeader(packet.bytes);
  if (header === undefined) return undefined;
  const { protocol, rest, ...ends } = header;
  const hasPorts = PORTED.has(protocol) && rest !== undefined;
  const localPort = hasPorts ? portAt(rest, 0) : 0;
  return {
    ...ends,
    protocol,
    localPort,
    port: hasPorts ? portAt(rest, 2) : 0,
    begun: rest !== undefined && begins(protocol, rest, localPort),
    forwarded: packet.cameIn,
    observed: packet.prefix === OBSERVED_PREFIX,
    uid: packet.uid,
  };
}

interface NetworkHeader {
  readonly family: 4 | 6;
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly protocol: number;
  /** The transport header; undefined in a later fragment. */
  readonly rest: Buffer | undefined;
}

function networkHeader(bytes: Buffer): NetworkHeader | undefined {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4) return ipv4Header(bytes);
  return version === 6 ? ipv6Header(bytes) : undefined;
}

function ipv4Header(bytes: Buffer): NetworkHeader | undefined {
  if (bytes.length < 20) return undefined;
  const headerBytes = (bytes.readUInt8(0) & 0xf) * 4;
  const isLater = (bytes.readUInt16BE(6) & 0x1fff) !== 0;
  return {
    family: 4,
    local: Uint8Array.from(bytes.subarray(12, 16)),
    remote: Uint8Array.from(bytes.subarray(16, 20)),
    protocol: bytes.readUInt8(9),
    rest: isLater ? undefined : bytes.subarray(headerBytes),
  };
}

function ipv6Header(bytes: Buffer): NetworkHeader | undefined {
  if (bytes.length < 40) return undefined;
  let protocol = bytes.readUInt8(6);
  let at = 40;
  let isLater = false;
  for (let skipped = 0; skipped < MOST_EXTENSIONS; skipped++) {
    if (!EXTENSIONS.has(protocol) || at + 8 > bytes.length) break;
    if (protocol === FRAGMENT)
      isLater ||= bytes.readUInt16BE(at + 2) >> 3 !== 0;
    const length =
      protocol === FRAGMENT ? 8 : (bytes.readUInt8(at + 1) + 1) * 8;
    protocol = bytes.readUInt8(at);
    at += length;
  }
  return {
    family: 6,
    local: Uint8Array.from(bytes.subarray(8, 24)),
    remote: Uint8Array.from(bytes.subarray(24, 40)),
    protocol,
    rest: isLater || at > bytes.length ? undefined : bytes.subarray(at),
  };
}

const portAt = (rest: Buffer, at: number): number =>
  rest.length >= at + 2 ? rest.readUInt16BE(at) : 0;

/** Whether nobody else has a part in it yet. */
function begins(protocol: number, rest: Buffer, localPort: number): boolean {
  const byte = (at: number) => rest[at] ?? 0;
  switch (protocol) {
    case TCP: // SYN without ACK
      return (byte(13) & 0x12) === 0x02;
    case ICMP:
      return rest.length > 0 && ICMP_QUESTIONS.has(byte(0));
    case ICMPV6: // the kernel finds its neighbours by it, among much else
      return rest.length > 0 && byte(0) === ICMPV6_ECHO;
    case SCTP: // its first chunk is INIT
      return byte(12) === 1;
    case DCCP: // its type is REQUEST
      return rest.length > 8 && ((byte(8) >> 1) & 0xf) === 0;
    default:
      return !isOfServers(localPort);
  }
}

const isOfServers = (port: number): boolean =>
  port > 0 && port < FIRST_OF_CLIENTS;

/** Where Linux takes the ports of clients from, unless told otherwise. */
const FIRST_OF_CLIENTS = 32_768;

const ICMP = 1;
const TCP = 6;
const DCCP = 33;
const ICMPV6 = 58;
const SCTP = 132;

/** TCP, UDP, DCCP, SCTP and UDP-Lite: both ports come first. */
const PORTED = new Set([TCP, 17, DCCP, SCTP, 136]);

/** For an echo, the time, and two that nobody asks any more. */
const ICMP_QUESTIONS = new Set([8, 13, 15, 17]);
const ICMPV6_ECHO = 128;

const FRAGMENT = 44;

/** Hop-by-hop, routing, fragment, destination options. */
const EXTENSIONS = new Set([0, 43, FRAGMENT, 60]);
const MOST_EXTENSIONS = 8;
