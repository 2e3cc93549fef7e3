import { HEADER_BYTES, NETLINK_SOCK_DIAG } from "./constants.js";
import type { Subscription } from "./mailbox.js";

/**
 * What the kernel tells of TCP sockets that have come to their end, of those on
 * some local ports. A socket of its own is what it makes once a handshake was
 * completed: a SYN, whoever sent it, gets none.
 * @param ports at most 255
 */
export const endedOn = (ports: readonly number[]): Subscription => ({
  protocol: NETLINK_SOCK_DIAG,
  groups: [SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY],
  filter: localPortIs(ports),
});

/** Loads the local port, compares it with each, and keeps or drops the whole. */
function localPortIs(ports: readonly number[]): Uint8Array {
  const compare = ports.map((port, at) =>
    // What matches leaps over the rest, and over what drops.
    instruction(JUMP_IF_EQUAL, { yes: ports.length - at, value: port }),
  );
  return Buffer.concat([
    instruction(LOAD_HALF, { value: HEADER_BYTES + LOCAL_PORT_AT }),
    ...compare,
    instruction(RETURN, { value: 0 }),
    instruction(RETURN, { value: 0xffff }),
  ]);
}

/** struct sock_filter, in the byte order of the machine. */
function instruction(
  code: number,
  { yes = 0, value }: { readonly yes?: number; readonly value: number },
): Uint8Array {
  const bytes = new Uint8Array(8);
  bytes.set(new Uint8Array(Uint16Array.of(code).buffer));
  bytes[2] = yes;
  bytes.set(new Uint8Array(Uint32Array.of(value).buffer), 4);
  return bytes;
}

/** linux/sock_diag.h */
const SKNLGRP_INET_TCP_DESTROY = 1;
const SKNLGRP_INET6_TCP_DESTROY = 3;

/** linux/bpf_common.h; a half word is loaded in network order, as a port is. */
const LOAD_HALF = 0x28;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;

/** In struct inet_diag_msg. */
const LOCAL_PORT_AT = 4;
