import { hostBytes } from "./attributes.js";
import { AF_INET, AF_INET6, AF_UNSPEC } from "./constants.js";

/** A range of addresses, as the kernel compares them. */
export interface Prefix {
  /** 4 or 16 bytes in network order. */
  readonly address: Uint8Array;
  readonly prefix: number;
}

/**
 * A program for `INET_DIAG_REQ_BYTECODE`: true for sockets whose remote address
 * is in one of the ranges. An IPv4 range also finds IPv4 in IPv6 clothes. The
 * kernel tries the ranges one by one and checks the program in quadratic time,
 * so this is for few of them.
 * @throws RangeError when the program is longer than its jumps can reach
 */
export function remoteIn(ranges: readonly Prefix[]): Uint8Array {
  return anyOf(ranges.map(remoteCondition));
}

/** A program that is true for sockets of this host's on one of the ports. */
export function localPortIn(ports: readonly number[]): Uint8Array {
  return anyOf(ports.map(localPortCondition));
}

function anyOf(conditions: readonly Uint8Array[]): Uint8Array {
  const joints = Math.max(0, conditions.length - 1) * OP_BYTES;
  let left = conditions.reduce((sum, { length }) => sum + length, joints);
  if (conditions.length === 0 || left > LONGEST_PROGRAM) {
    throw new RangeError(`no program for ${conditions.length} conditions`);
  }
  const program: Uint8Array[] = [];
  for (const [index, condition] of conditions.entries()) {
    const isLast = index === conditions.length - 1;
    program.push(condition);
    left -= condition.length + (isLast ? 0 : OP_BYTES);
    // What matches leaps to the very end, and that is what accepts.
    if (!isLast) program.push(op(JUMP, OP_BYTES, OP_BYTES + left));
  }
  return Buffer.concat(program);
}

/**
 * A program that asks for the socket's mark: it needs CAP_NET_ADMIN, which the
 * kernel looks at before any socket.
 */
export function anyMark(): Uint8Array {
  const bytes = OP_BYTES + MARK_BYTES;
  return Buffer.concat([op(MARK, bytes, bytes + OP_BYTES), hostBytes(0, 0)]);
}

/** One condition; what fails it goes on behind the jump that follows it. */
function remoteCondition({ address, prefix }: Prefix): Uint8Array {
  const bytes = OP_BYTES + HOST_BYTES + address.length;
  const family = address.length === 4 ? AF_INET : AF_INET6;
  return Buffer.concat([
    op(REMOTE, bytes, bytes + OP_BYTES),
    Uint8Array.of(family, prefix, 0, 0), // struct inet_diag_hostcond
    hostBytes(ANY_PORT),
    address,
  ]);
}

function localPortCondition(port: number): Uint8Array {
  const bytes = OP_BYTES + HOST_BYTES;
  return Buffer.concat([
    op(LOCAL, bytes, bytes + OP_BYTES),
    Uint8Array.of(AF_UNSPEC, 0, 0, 0),
    hostBytes(port),
  ]);
}

/** struct inet_diag_bc_op: how many bytes to go on by, for yes and for no. */
function op(code: number, yes: number, no: number): Uint8Array {
  const distance = new Uint8Array(Uint16Array.of(no).buffer);
  return Buffer.concat([Uint8Array.of(code, yes), distance]);
}

const JUMP = 1;
const LOCAL = 7;
const REMOTE = 8;
const MARK = 10;

const OP_BYTES = 4;
const HOST_BYTES = 8;
const MARK_BYTES = 8;
const ANY_PORT = 0xffffffff;

/** Jumps are 16-bit numbers, and so is an attribute's length. */
const LONGEST_PROGRAM = 0xfff0;
