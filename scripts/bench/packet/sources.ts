import {
  collapse,
  type Interval,
} from "../../../agent/enforce/nftables/sets/allow.js";
import {
  bits,
  parseCidr,
  width,
  type Cidr,
  type Family,
} from "../../../agent/model/cidr.js";

/** Draws sources of packets, the same ones in every run. */
export class Sources {
  readonly #random = mulberry(20_251_125);
  readonly #family: Family;
  readonly #banned: readonly Cidr[];
  readonly #covered: readonly Interval[];
  readonly #free: readonly Interval[];

  constructor(family: Family, cidrs: readonly Cidr[]) {
    this.#family = family;
    this.#banned = cidrs.filter((cidr) => cidr.family === family);
    const never = NEVER_SOURCES[family].map(parseCidr);
    this.#covered = collapse(family, [...this.#banned, ...never]);
    this.#free = gaps(this.#covered, 1n << BigInt(bits(family)));
  }

  /** Whether there is a ban at all. */
  get hasBans(): boolean {
    return this.#banned.length > 0;
  }

  /** Anywhere that no ban covers, uniformly. */
  unbanned(count: number): Uint8Array {
    const ends: bigint[] = [];
    let total = 0n;
    for (const { start, end } of this.#free) ends.push((total += end - start));
    return this.#drawn(count, () => {
      const at = this.#below(total);
      const i = firstWhere(ends.length, (each) => at < (ends[each] ?? 0n));
      return (this.#free[i]?.start ?? 0n) + at - (ends[i - 1] ?? 0n);
    });
  }

  /** In the /16 or /28 of a ban, but covered by none: the worst there is. */
  beside(count: number): Uint8Array {
    const network = BigInt(this.#family === 4 ? 16 : 100);
    return this.#drawn(count, () => {
      for (;;) {
        const { start } = this.#anyBan();
        const address = ((start >> network) << network) + this.#bits(network);
        if (!this.#isCovered(address)) return address;
      }
    });
  }

  /** In a ban; every ban is as likely as another, whatever its size. */
  banned(count: number): Uint8Array {
    return this.#drawn(count, () => {
      const { start, hostBits } = this.#anyBan();
      return start + this.#bits(hostBits);
    });
  }

  #anyBan(): { start: bigint; hostBits: bigint } {
    const at = Math.floor(this.#random() * this.#banned.length);
    const cidr = this.#banned[at];
    if (cidr === undefined) throw new Error("there is no ban");
    const start = BigInt(`0x${Buffer.from(cidr.address).toString("hex")}`);
    return { start, hostBits: BigInt(bits(cidr.family) - cidr.prefix) };
  }

  #isCovered(address: bigint): boolean {
    const { length } = this.#covered;
    const at = (i: number) => this.#covered[i];
    const after = firstWhere(length, (i) => (at(i)?.start ?? 0n) > address);
    return (at(after - 1)?.end ?? 0n) > address;
  }

  #bits(count: bigint): bigint {
    return this.#below(1n << count);
  }

  #below(limit: bigint): bigint {
    let value = 0n;
    for (let i = 0; i < 5; i++) {
      value = (value << 32n) | BigInt(Math.floor(this.#random() * 2 ** 32));
    }
    return value % limit;
  }

  #drawn(count: number, draw: () => bigint): Uint8Array {
    const length = width(this.#family);
    const all = Buffer.alloc(count * length);
    for (let i = 0; i < count; i++) {
      all.write(
        draw()
          .toString(16)
          .padStart(length * 2, "0"),
        i * length,
        "hex",
      );
    }
    return all;
  }
}

/** Space that no packet comes from, or not over the Internet. */
const NEVER_SOURCES: Readonly<Record<Family, readonly string[]>> = {
  4: [
    ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8"],
    ...["169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"],
    "224.0.0.0/3",
  ],
  6: ["::/3", "4000::/2", "8000::/1", "2001:2::/48"],
};

function gaps(covered: readonly Interval[], top: bigint): Interval[] {
  const free: Interval[] = [];
  let start = 0n;
  for (const each of [...covered, { start: top, end: top }]) {
    if (each.start > start) free.push({ start, end: each.start });
    start = each.end;
  }
  return free;
}

/** The first index for which it is true, from which on it must stay true. */
function firstWhere(length: number, isTrue: (i: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A small generator of numbers from 0 to 1 (mulberry32). */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
