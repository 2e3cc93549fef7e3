import { parseAddress } from "../../agent/model/cidr.js";
import type { Ring } from "../bench/packet/raw-socket.js";

export interface Crowd {
  /** The first source; its last `bits` bits are counted through. */
  readonly from: string;
  readonly bits: number;
  readonly to: string;
}

/**
 * TCP SYNs with right checksums, so that a host that lets them pass answers each;
 * every one from the next source and to the next port.
 */
export class SpoofedFrames {
  readonly ring: Ring;
  readonly #view: DataView;
  readonly #length: number;
  readonly #addressBytes: number;
  readonly #low: number;
  readonly #mask: number;
  /** What the addresses and ports do not change of the checksums. */
  readonly #ipSum: number;
  readonly #tcpSum: number;
  #next = 0;

  constructor(mac: string, { from, bits, to }: Crowd) {
    const source = addressBytes(from);
    const ip = ipHeader(source, addressBytes(to));
    const frame = Uint8Array.of(
      ...mac.split(":").map((hex) => parseInt(hex, 16)),
      ...[2, 0, 0, 0, 0, 9],
      ...(source.length === 4 ? [0x08, 0x00] : [0x86, 0xdd]),
      ...ip,
      ...TCP_SYN,
    );
    const bytes = new Uint8Array(SLOTS * SLOT_BYTES);
    for (let i = 0; i < SLOTS; i++) bytes.set(frame, i * SLOT_BYTES);
    this.ring = { bytes, slotBytes: SLOT_BYTES, frameBytes: frame.length };
    this.#view = new DataView(bytes.buffer);
    this.#length = ip.length;
    this.#addressBytes = source.length;
    const view = new DataView(frame.buffer);
    this.#low = view.getUint16(this.#sourceAt + source.length - 2);
    this.#mask = 2 ** bits - 1;
    const rest = (start: number, end: number) => sum16(frame, start, end);
    this.#ipSum =
      source.length === 4
        ? rest(ETHERNET, ETHERNET + ip.length) - this.#low
        : 0;
    // RFC 9293 §3.1: the pseudo header is addresses, protocol and length.
    this.#tcpSum =
      rest(this.#sourceAt, this.#sourceAt + 2 * source.length) -
      this.#low +
      (6 + TCP_SYN.length) +
      rest(ETHERNET + ip.length, frame.length);
  }

  /** Gives every frame the next source and port. Returns how many there are. */
  refill(): number {
    for (let slot = 0; slot < SLOTS; slot++) this.#write(slot * SLOT_BYTES);
    return SLOTS;
  }

  #write(at: number): void {
    const number = this.#next++;
    const low = (this.#low & ~this.#mask) | (number & this.#mask);
    const port = 1 + (number % 65_535);
    const tcp = at + ETHERNET + this.#length;
    this.#view.setUint16(at + this.#sourceAt + this.#addressBytes - 2, low);
    this.#view.setUint16(tcp, port);
    this.#view.setUint16(tcp + 2, port);
    this.#view.setUint16(tcp + 16, folded(this.#tcpSum + low + 2 * port));
    if (this.#addressBytes === 4) {
      this.#view.setUint16(at + ETHERNET + 10, folded(this.#ipSum + low));
    }
  }

  get #sourceAt(): number {
    return ETHERNET + (this.#addressBytes === 4 ? 12 : 8);
  }
}

const SLOTS = 64;
const SLOT_BYTES = 128;
const ETHERNET = 14;

/** Twenty bytes: ports, sequence number, a SYN, a window; no checksum yet. */
const TCP_SYN = [
  0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 16, 0, 0, 0, 0, 0,
];

function ipHeader(source: Uint8Array, to: Uint8Array): readonly number[] {
  const payload = TCP_SYN.length;
  return source.length === 4
    ? [0x45, 0, 0, 20 + payload, 0, 0, 0, 0, 64, 6, 0, 0, ...source, ...to]
    : [0x60, 0, 0, 0, 0, payload, 6, 64, ...source, ...to];
}

function addressBytes(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(`${text} is no address`);
  return bytes;
}

function sum16(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  }
  return sum;
}

/** The one's complement of a one's complement sum (RFC 1071). */
function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x1_0000);
  return ~rest & 0xffff;
}
