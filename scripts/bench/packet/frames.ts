import type { Family } from "../../../agent/model/cidr.js";
import type { Ring } from "./raw-socket.js";

const SLOTS = 64;
const SLOT_BYTES = 128;
const ETHERNET_BYTES = 14;
const PAYLOAD_BYTES = 4;
const UDP_BYTES = 8;

/** Where the source address lies in a frame. */
const SOURCE = { 4: ETHERNET_BYTES + 12, 6: ETHERNET_BYTES + 8 } as const;
const CHECKSUM = ETHERNET_BYTES + 10;

/** Few frames, used again and again: the caches belong to the rules. */
export class Frames {
  readonly ring: Ring;
  readonly #family: Family;
  readonly #sources: Uint8Array;
  readonly #checksums: Uint16Array;
  #at = 0;

  constructor(family: Family, mac: Uint8Array, sources: Uint8Array) {
    this.#family = family;
    this.#sources = sources;
    const frame = family === 4 ? frame4(mac) : frame6(mac);
    const bytes = new Uint8Array(SLOTS * SLOT_BYTES);
    for (let i = 0; i < SLOTS; i++) bytes.set(frame, i * SLOT_BYTES);
    this.ring = { bytes, slotBytes: SLOT_BYTES, frameBytes: frame.length };
    const count = family === 4 ? sources.length / 4 : 0;
    const view = new DataView(sources.buffer, sources.byteOffset);
    const header = frame.subarray(ETHERNET_BYTES, ETHERNET_BYTES + 20);
    this.#checksums = Uint16Array.from({ length: count }, (_, i) =>
      checksum(header, view.getUint16(i * 4) + view.getUint16(i * 4 + 2)),
    );
  }

  /** Gives every frame the next source. Returns how many frames there are. */
  refill(): number {
    const { bytes } = this.ring;
    const length = this.#family === 4 ? 4 : 16;
    const offset = SOURCE[this.#family];
    for (let slot = 0; slot < SLOTS; slot++) {
      const from = this.#at * length;
      const to = slot * SLOT_BYTES;
      for (let i = 0; i < length; i++)
        bytes[to + offset + i] = this.#sources[from + i] ?? 0;
      if (this.#family === 4) {
        const sum = this.#checksums[this.#at] ?? 0;
        bytes[to + CHECKSUM] = sum >> 8;
        bytes[to + CHECKSUM + 1] = sum & 255;
      }
      this.#at = (this.#at + 1) % (this.#sources.length / length);
    }
    return SLOTS;
  }
}

/** UDP from nowhere yet to 198.18.0.1, which RFC 2544 keeps for benchmarks. */
function frame4(mac: Uint8Array): Uint8Array {
  const length = 20 + UDP_BYTES + PAYLOAD_BYTES;
  return Uint8Array.of(
    ...ethernet(mac, 0x0800),
    ...[0x45, 0, 0, length, 0, 0, 0, 0, 64, 17, 0, 0],
    ...[0, 0, 0, 0, 198, 18, 0, 1],
    ...udp(),
  );
}

/** UDP from nowhere yet to 2001:2::1, which RFC 5180 keeps for benchmarks. */
function frame6(mac: Uint8Array): Uint8Array {
  const length = UDP_BYTES + PAYLOAD_BYTES;
  const source = new Array<number>(16).fill(0);
  const destination = [0x20, 1, 0, 2, ...source.slice(5), 1];
  return Uint8Array.of(
    ...ethernet(mac, 0x86dd),
    ...[0x60, 0, 0, 0, 0, length, 17, 64],
    ...source,
    ...destination,
    ...udp(),
  );
}

const ethernet = (mac: Uint8Array, type: number): readonly number[] => [
  ...mac,
  ...[2, 0, 0, 0, 0, 9],
  ...[type >> 8, type & 255],
];

const udp = (): readonly number[] => [
  ...[0x0f, 0xa0, 0x0f, 0xa1, 0, UDP_BYTES + PAYLOAD_BYTES, 0, 0],
  ...new Array<number>(PAYLOAD_BYTES).fill(0),
];

/** The checksum of a header without source, and `more` to be summed with it. */
function checksum(header: Uint8Array, more: number): number {
  let sum = more;
  for (let i = 0; i < header.length; i += 2)
    sum += ((header[i] ?? 0) << 8) + (header[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
