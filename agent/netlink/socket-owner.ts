import { after, find, hostBytes, hostU32 } from "./attributes.js";
import { AF_INET, AF_INET6, NLM_F_REQUEST } from "./constants.js";
import { MalformedNetlink } from "./error.js";
import type { Message } from "./message.js";
import type { MessageWriter } from "./writer.js";

/** The two ends that a socket is found by. */
export interface SocketEnds {
  /** IP protocol number: TCP or UDP. */
  readonly protocol: number;
  /** 4 or 16 bytes each, in network order. */
  readonly local: Uint8Array;
  readonly localPort: number;
  readonly remote: Uint8Array;
  readonly remotePort: number;
}

/** Whose socket it is. */
export interface SocketOwner {
  readonly uid: number;
  /** What `/proc/PID/fd` names the socket by; 0 while nobody has it. */
  readonly inode: number;
  /** Number of the control group that made it; undefined on old kernels. */
  readonly group: bigint | undefined;
}

/**
 * Asks for the one socket with these ends, an IPv6 one that speaks IPv4
 * included. Refused with ENOENT when there is none.
 */
export function askForOwner(w: MessageWriter, ends: SocketEnds): void {
  const { protocol, local, localPort, remote, remotePort } = ends;
  const family = remote.length === 4 ? AF_INET : AF_INET6;
  const here = { address: local, port: localPort };
  const there = { address: remote, port: remotePort };
  // The kernel takes the ends of UDP the other way round.
  const [first, second] = protocol === UDP ? [there, here] : [here, there];
  w.message({ type: SOCK_DIAG_BY_FAMILY, flags: NLM_F_REQUEST }, () => {
    w.raw(Uint8Array.of(family, protocol, 0, 0));
    w.raw(hostBytes(ALL_STATES));
    w.raw(portsOf(first.port, second.port));
    w.raw(padded(first.address));
    w.raw(padded(second.address));
    w.raw(hostBytes(ANY_DEVICE, NO_COOKIE, NO_COOKIE));
  });
}

/** Reads the answer. @throws MalformedNetlink */
export function ownerIn({ payload }: Message): SocketOwner {
  if (payload.length < MESSAGE_BYTES) {
    throw new MalformedNetlink(`a socket of ${payload.length} bytes`);
  }
  const group = find(after(payload, MESSAGE_BYTES), CGROUP_ID);
  return {
    uid: hostU32(payload, UID_AT),
    inode: hostU32(payload, INODE_AT),
    group: group?.length === 8 ? hostU64(group) : undefined,
  };
}

function portsOf(first: number, second: number): Uint8Array {
  return Uint8Array.of(first >> 8, first & 0xff, second >> 8, second & 0xff);
}

function padded(address: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(address);
  return bytes;
}

const hostU64 = (bytes: Buffer): bigint =>
  new BigUint64Array(Uint8Array.from(bytes).buffer)[0] ?? 0n;

const UDP = 17;

/** linux/sock_diag.h and inet_diag.h. */
const SOCK_DIAG_BY_FAMILY = 20;
const CGROUP_ID = 21;
const ALL_STATES = 0xffffffff;
const ANY_DEVICE = 0;
const NO_COOKIE = 0xffffffff;

/** struct inet_diag_msg. */
const MESSAGE_BYTES = 72;
const UID_AT = 64;
const INODE_AT = 68;
