import { hostBytes, hostU32 } from "./attributes.js";
import {
  AF_INET,
  AF_INET6,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "./constants.js";
import { MalformedNetlink } from "./error.js";
import type { Message } from "./message.js";
import type { MessageWriter } from "./writer.js";

/** Which sockets are listed. */
export interface SocketQuery {
  /** AF_INET or AF_INET6; IPv4 on an IPv6 socket is listed with IPv6. */
  readonly family: number;
  readonly protocol: number;
  readonly states: readonly number[];
  /** A program that a socket must pass, from `inet-filter.ts`. */
  readonly filter?: Uint8Array;
}

export interface Endpoint {
  /** 4 or 16 bytes in network order; IPv4 in IPv6 clothes has 4. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** One socket that the kernel listed. */
export interface SocketInfo {
  readonly family: number;
  readonly state: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Index of the interface that the socket is bound to; 0 for none. */
  readonly interface: number;
  /** What /proc/PID/fd names the socket by; 0 while nobody has it. */
  readonly inode: number;
  /** struct inet_diag_sockid: addresses, and a cookie that is never given twice. */
  readonly id: Uint8Array;
}

export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;

/** include/net/tcp_states.h; a connected UDP socket is "established". */
export const STATE = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECV: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
} as const;

/** Asks for all sockets of one family and protocol in some states. */
export function listSockets(w: MessageWriter, query: SocketQuery): void {
  const header = {
    type: SOCK_DIAG_BY_FAMILY,
    flags: NLM_F_REQUEST | NLM_F_DUMP,
  };
  w.message(header, () => {
    w.raw(Uint8Array.of(query.family, query.protocol, 0, 0));
    w.raw(hostBytes(query.states.reduce((mask, one) => mask | (1 << one), 0)));
    w.raw(NO_SOCKET.id);
    if (query.filter) w.data(FILTER, query.filter);
  });
}

/**
 * Destroys one socket, and asks for an acknowledgement: its owner gets
 * ECONNABORTED. Refused with ENOENT when it is gone, with EOPNOTSUPP by a kernel
 * without CONFIG_INET_DIAG_DESTROY.
 */
export function destroySocket(
  w: MessageWriter,
  protocol: number,
  { family, id }: Pick<SocketInfo, "family" | "id">,
): void {
  const header = { type: DESTROY, flags: NLM_F_REQUEST | NLM_F_ACK };
  w.message(header, () => {
    w.raw(Uint8Array.of(family, protocol, 0, 0));
    w.raw(hostBytes(0)); // in whatever state it is
    w.raw(id);
  });
}

/** A socket that nobody has. */
export const NO_SOCKET = { family: AF_INET, id: new Uint8Array(48) } as const;

/**
 * The remote address of a listed socket, a view of the message; IPv4 in IPv6
 * clothes is IPv4.
 * @throws MalformedNetlink
 */
export function remoteAddress({ payload }: Message): Buffer {
  return address(payload, REMOTE_AT);
}

/**
 * Reads a listed socket; copied, so it may be kept.
 * @throws MalformedNetlink
 */
export function socketOf({ payload }: Message): SocketInfo {
  const local = Uint8Array.from(address(payload, LOCAL_AT));
  const remote = Uint8Array.from(address(payload, REMOTE_AT));
  return {
    family: payload.readUInt8(0),
    state: payload.readUInt8(1),
    local: { address: local, port: payload.readUInt16BE(ID_AT) },
    remote: { address: remote, port: payload.readUInt16BE(ID_AT + 2) },
    interface: hostU32(payload, INTERFACE_AT),
    inode: hostU32(payload, INODE_AT),
    id: Uint8Array.from(payload.subarray(ID_AT, ID_AT + ID_BYTES)),
  };
}

function address(payload: Buffer, at: number): Buffer {
  if (payload.length < MESSAGE_BYTES) {
    throw new MalformedNetlink(`a socket of ${payload.length} bytes`);
  }
  const family = payload.readUInt8(0);
  if (family === AF_INET) return payload.subarray(at, at + 4);
  if (family !== AF_INET6) {
    throw new MalformedNetlink(`a socket of family ${family}`);
  }
  const mapped =
    payload.readUInt32BE(at) === 0 &&
    payload.readUInt32BE(at + 4) === 0 &&
    payload.readUInt32BE(at + 8) === 0xffff;
  return payload.subarray(mapped ? at + 12 : at, at + 16);
}

/** linux/sock_diag.h: the message that asks for sockets, and that tells of one. */
export const SOCK_DIAG_BY_FAMILY = 20;
const DESTROY = 21;

/** INET_DIAG_REQ_BYTECODE */
const FILTER = 1;

/** struct inet_diag_msg, and the inet_diag_sockid within it. */
export const MESSAGE_BYTES = 72;
const ID_AT = 4;
const ID_BYTES = 48;
const LOCAL_AT = ID_AT + 4;
const REMOTE_AT = ID_AT + 20;
const INTERFACE_AT = ID_AT + 36;
export const INODE_AT = 68;
