import { constants } from "node:os";
import type Koffi from "koffi";

/**
 * The few calls of the C library that Node lacks: sockets of any family, for
 * netlink and for unix datagrams, and the kernel's clocks. Sockets block, so ask
 * for `MSG_DONTWAIT` where that matters.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): void;
  /** The address that a socket is bound to, a packed `sockaddr` of that length. */
  nameOf(fd: number, length: number): Buffer;
  /** Sends one datagram to the kernel, or to where the socket is connected. */
  send(fd: number, bytes: Uint8Array, flags: number): void;
  /** Sends one datagram to `address`, a packed `sockaddr`. */
  sendTo(fd: number, bytes: Uint8Array, address: Uint8Array): void;
  /** Fills `into` with one datagram and returns its length. */
  receive(fd: number, into: Uint8Array, flags: number): number;
  /** A number is passed as an `int`, bytes as they are. */
  setOption(fd: number, option: SocketOption, value: number | Uint8Array): void;
  /** Lets a socket hear only what a program of classic BPF lets through. */
  filter(fd: number, program: Uint8Array): void;
  /** The value of an option, so many bytes of it. */
  option(fd: number, option: SocketOption, length: number): Buffer;
  close(fd: number): void;
  /** Milliseconds by one of the kernel's clocks. */
  clock(id: number): number;
}

export interface SocketOption {
  readonly level: number;
  readonly name: number;
}

/** A call of the C library failed. */
export class LibcError extends Error {
  override readonly name = "LibcError";
  /** The name of `errno`, such as "EPERM". */
  readonly code: string;

  constructor(
    readonly operation: string,
    readonly errno: number,
  ) {
    const code = errnoName(errno);
    super(`${operation} failed: ${code}`);
    this.code = code;
  }
}

export const AF_UNIX = 1;
export const AF_NETLINK = 16;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
/** struct sock_filter, and struct sock_fprog with its pointer. */
const INSTRUCTION_BYTES = 8;
const PROGRAM_BYTES = 16;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_DONTWAIT = 0x40;
/** Since the boot, without the time that the host was suspended. */
export const CLOCK_MONOTONIC = 1;
/** Since the boot, with it. */
export const CLOCK_BOOTTIME = 7;

/** "ENOENT" for 2, "errno 512" for what has no name. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** Where two names share a number, as EAGAIN and EWOULDBLOCK, the first wins. */
const NAMES = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, errno]) => [errno, name]),
);

/**
 * Opens the C library that this process already runs on.
 * @throws whatever the foreign function interface throws where it has no
 * build for this platform
 */
export async function loadLibc(): Promise<Libc> {
  const { default: koffi } = await import("koffi");
  const f = functions(koffi);
  const call = (name: keyof typeof f, ...args: unknown[]): number => {
    const result = f[name](...args) as number;
    if (result < 0) throw new LibcError(name, koffi.errno());
    return result;
  };

  return {
    socket: (domain, type, protocol) => call("socket", domain, type, protocol),
    bind: (fd, address) => void call("bind", fd, address, address.length),
    nameOf: (fd, length) => {
      const name = Buffer.alloc(length);
      call("getsockname", fd, name, Int32Array.of(length));
      return name;
    },
    send: (fd, data, flags) => void call("send", fd, data, data.length, flags),
    sendTo: (fd, data, address) =>
      void call("sendto", fd, data, data.length, 0, address, address.length),
    receive: (fd, into, flags) => call("recv", fd, into, into.length, flags),
    setOption: (fd, { level, name }, value) => {
      const packed = typeof value === "number" ? Int32Array.of(value) : value;
      call("setsockopt", fd, level, name, packed, packed.byteLength);
    },
    filter: (fd, program) => {
      const length = program.length / INSTRUCTION_BYTES;
      const whole = { length, program };
      call("setFilter", fd, SOL_SOCKET, SO_ATTACH_FILTER, whole, PROGRAM_BYTES);
    },
    option: (fd, { level, name }, length) => {
      const value = Buffer.alloc(length);
      call("getsockopt", fd, level, name, value, Int32Array.of(length));
      return value;
    },
    close: (fd) => void call("close", fd),
    clock: (id) => {
      const time = { seconds: 0, nanoseconds: 0 };
      call("clock_gettime", id, time);
      return time.seconds * 1_000 + time.nanoseconds / 1e6;
    },
  };
}

function functions(koffi: typeof Koffi) {
  const libc = koffi.load(null);
  const bytes = "void *";
  const timespec = koffi.struct({ seconds: "long", nanoseconds: "long" });
  const filter = koffi.struct({ length: "uint16_t", program: bytes });
  return {
    socket: libc.func("socket", "int", ["int", "int", "int"]),
    bind: libc.func("bind", "int", ["int", bytes, "uint32_t"]),
    getsockname: libc.func("getsockname", "int", ["int", bytes, bytes]),
    send: libc.func("send", "intptr_t", ["int", bytes, "size_t", "int"]),
    sendto: libc.func("sendto", "intptr_t", [
      ...["int", bytes, "size_t", "int"],
      ...[bytes, "uint32_t"],
    ]),
    recv: libc.func("recv", "intptr_t", ["int", bytes, "size_t", "int"]),
    setsockopt: libc.func("setsockopt", "int", [
      ...["int", "int", "int"],
      ...[bytes, "uint32_t"],
    ]),
    setFilter: libc.func("setsockopt", "int", [
      ...["int", "int", "int"],
      koffi.pointer(filter),
      "uint32_t",
    ]),
    getsockopt: libc.func("getsockopt", "int", [
      ...["int", "int", "int"],
      ...[bytes, bytes],
    ]),
    close: libc.func("close", "int", ["int"]),
    clock_gettime: libc.func("clock_gettime", "int", [
      "int",
      koffi.out(koffi.pointer(timespec)),
    ]),
  };
}
