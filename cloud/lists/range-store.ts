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
  readonly #seen = new Set<RangeKey>();

  get size(): number {
    return this.#seen.size;
  }

  /** Reports whether the range is new; the first one counts. */
  add({ family, address, prefix }: Cidr, timeout?: number): boolean {
    const before = this.#seen.size;
    this.#seen.add(rangeKey({ address, prefix }));
    if (this.#seen.size === before) return false;
    this.#packed.byte(family).byte(prefix).raw(address);
    this.#packed.varint(timeout === undefined ? 0 : timeout + 1);
    return true;
  }

  has({ address, prefix }: Cidr): boolean {
    return this.#seen.has(rangeKey({ address, prefix }));
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

/** By which ranges are told apart in sets and maps. */
export type RangeKey = number | string;

/** IPv4 fits a number, which costs a set far less than a string. */
export function rangeKey({
  address,
  prefix,
}: Pick<Cidr, "address" | "prefix">): RangeKey {
  if (address.length === 4) {
    const [a = 0, b = 0, c = 0, d = 0] = address;
    return (((a * 256 + b) * 256 + c) * 256 + d) * 64 + prefix;
  }
  return `${Buffer.from(address).toString("latin1")}/${prefix}`;
}

/** The range that has the key. */
export function rangeOf(key: RangeKey): Cidr {
  if (typeof key === "string") {
    const address = Uint8Array.from(Buffer.from(key.slice(0, 16), "latin1"));
    return { family: 6, address, prefix: Number(key.slice(17)) };
  }
  const address = Buffer.alloc(4);
  address.writeUInt32BE(Math.floor(key / 64));
  return { family: 4, address: Uint8Array.from(address), prefix: key % 64 };
}
