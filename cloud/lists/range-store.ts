import type { Cidr, Family } from "../../agent/model/cidr.js";
import { width } from "../../agent/model/cidr.js";
import { ByteReader } from "../../agent/protocol/byte-reader.js";
import { ByteWriter } from "../../agent/protocol/byte-writer.js";

export interface StoredRange {
  readonly cidr: Cidr;
  /** Seconds; 0 is without end, undefined is as the importer says. */
  readonly timeout: number | undefined;
}

/** Millions of different ranges as packed bytes, in the order they came. */
export class RangeStore implements Iterable<StoredRange> {
  readonly #packed = new ByteWriter(1 << 12);
  readonly #seen = new Set<number | string>();

  get size(): number {
    return this.#seen.size;
  }

  /** Reports whether the range is new; the first one counts. */
  add({ family, address, prefix }: Cidr, timeout?: number): boolean {
    const before = this.#seen.size;
    this.#seen.add(keyOf(address, prefix));
    if (this.#seen.size === before) return false;
    this.#packed.byte(family).byte(prefix).raw(address);
    this.#packed.varint(timeout === undefined ? 0 : timeout + 1);
    return true;
  }

  has({ address, prefix }: Cidr): boolean {
    return this.#seen.has(keyOf(address, prefix));
  }

  *[Symbol.iterator](): Generator<StoredRange> {
    const reader = new ByteReader(this.#packed.bytes(), "range store");
    while (reader.left > 0) {
      const family: Family = reader.byte() === 4 ? 4 : 6;
      const prefix = reader.byte();
      const address = reader.take(width(family));
      const timeout = reader.varint();
      yield {
        cidr: { family, address, prefix },
        timeout: timeout === 0 ? undefined : timeout - 1,
      };
    }
  }
}

/** IPv4 fits a number, which costs a set far less than a string. */
function keyOf(address: Uint8Array, prefix: number): number | string {
  if (address.length === 4) {
    const [a = 0, b = 0, c = 0, d = 0] = address;
    return (((a * 256 + b) * 256 + c) * 256 + d) * 64 + prefix;
  }
  return `${Buffer.from(address).toString("latin1")}/${prefix}`;
}
