import koffi from "koffi";

/** Sends frames as they are, past the queues of the device. */
export interface RawSocket {
  /** Sends the first so many frames of the ring. */
  send(count: number): void;
  /** What the kernel reads from: it must live as long as the socket. */
  readonly memory: readonly Uint8Array[];
}

/** Frames that lie one after the other, `frameBytes` of each `slotBytes`. */
export interface Ring {
  readonly bytes: Uint8Array;
  readonly slotBytes: number;
  readonly frameBytes: number;
}

/**
 * Opens a packet socket on a device.
 * @throws Error when the C library refuses
 */
export function openRawSocket(device: number, ring: Ring): RawSocket {
  const libc = koffi.load(null);
  const call = (name: string, signature: readonly string[]) => {
    const f = libc.func(name, "int", [...signature]);
    return (...args: unknown[]): number => {
      const result = f(...args) as number;
      if (result < 0) throw new Error(`${name}: errno ${koffi.errno()}`);
      return result;
    };
  };
  const socket = call("socket", ["int", "int", "int"]);
  const bind = call("bind", ["int", "void *", "uint32_t"]);
  const setOption = call("setsockopt", [
    ...["int", "int", "int", "void *", "uint32_t"],
  ]);
  const sendMany = call("sendmmsg", ["int", "void *", "uint32_t", "int"]);

  const fd = socket(AF_PACKET, SOCK_RAW, 0);
  const address = Buffer.alloc(SOCKADDR_LL_BYTES);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(device, 4);
  bind(fd, address, address.length);
  setOption(fd, SOL_PACKET, PACKET_QDISC_BYPASS, Int32Array.of(1), 4);
  const { headers, memory } = messageHeaders(ring);
  return {
    memory,
    send: (count) => {
      for (let sent = 0; sent < count;) {
        const rest = headers.subarray(sent * MMSGHDR_BYTES);
        sent += sendMany(fd, rest, count - sent, 0);
      }
    },
  };
}

/** struct mmsghdr for each frame; `memory` is what they point to. */
function messageHeaders({ bytes, slotBytes, frameBytes }: Ring) {
  const count = bytes.length / slotBytes;
  const vectors = Buffer.alloc(count * IOVEC_BYTES);
  const headers = Buffer.alloc(count * MMSGHDR_BYTES);
  const frames = koffi.address(bytes);
  const iovecs = koffi.address(vectors);
  for (let i = 0; i < count; i++) {
    const vector = i * IOVEC_BYTES;
    vectors.writeBigUInt64LE(frames + BigInt(i * slotBytes), vector);
    vectors.writeBigUInt64LE(BigInt(frameBytes), vector + 8);
    const header = i * MMSGHDR_BYTES;
    headers.writeBigUInt64LE(iovecs + BigInt(vector), header + 16);
    headers.writeBigUInt64LE(1n, header + 24);
  }
  return { headers, memory: [vectors, bytes] };
}

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const SOCKADDR_LL_BYTES = 20;
const IOVEC_BYTES = 16;
const MMSGHDR_BYTES = 64;
