import type { Cidr } from "../../../agent/model/cidr.js";
import { SlotTable } from "./slot-table.js";
import { Touched } from "./touched.js";

/** Where a ban stands in any order. */
export interface BanKey {
  /** The feed's number in the tables; 0 is before all. */
  readonly feed: number;
  readonly cidr: Cidr;
  /** Unix seconds. */
  readonly until: number;
  /** The decision's number in the tables. */
  readonly decision: number;
}

/** What a ban is sorted and chosen by. */
export interface BanEntry extends BanKey {
  /** Its number in the tables. */
  readonly reason: number;
  readonly observed: boolean;
  /** Hosts begin with it ring by ring, or did. */
  readonly ringed: boolean;
}

/**
 * Every ban in a slot of its own, as numbers in columns outside of the heap. A slot
 * that was left is given away again. Columns are replaced as they grow.
 */
export class BanColumns {
  feed = new Uint32Array(FIRST);
  /** Family and prefix length as one number; 0: nobody has the slot. */
  width = new Uint8Array(FIRST);
  /** Addresses: four words each, of which IPv4 has one. */
  words = new Uint32Array(FIRST * WORDS);
  /** Unix seconds: those of for ever have more than 32 bits. */
  until = new Float64Array(FIRST);
  decision = new Uint32Array(FIRST);
  reason = new Uint32Array(FIRST);
  flags = new Uint8Array(FIRST);
  readonly touched = new Touched();
  readonly #table = new SlotTable();
  readonly #free: number[] = [];
  #end: number = PROBES.length;

  /** How many bans there are. */
  get size(): number {
    return this.#end - this.#free.length - PROBES.length;
  }

  /**
   * A slot that stands where a ban would, to be compared with, until the next is
   * made: one of two, which are never a ban's.
   */
  probe(key: BanKey, nth: 0 | 1 = 0): number {
    const slot = PROBES[nth];
    this.#write(slot, key);
    this.until[slot] = key.until;
    this.decision[slot] = key.decision;
    return slot;
  }

  /** The slot of the ban on exactly this range. */
  find(feed: number, cidr: Cidr): number | undefined {
    this.#write(PROBE, { feed, cidr });
    return this.#table.find(this.#hashOf(PROBE), this.#isProbed);
  }

  /**
   * Puts a ban, and in the place of what stood on its range.
   * @param keeps whether it stays the former decision's where nothing else is new
   */
  put(entry: BanEntry, keeps = false): void {
    const { until, reason, decision, observed, ringed } = entry;
    const known = this.find(entry.feed, entry.cidr);
    const slot = known ?? this.#add(entry);
    const isSame =
      known !== undefined &&
      this.until[slot] === until &&
      this.reason[slot] === reason &&
      isObserved(this.flags[slot] ?? 0) === observed;
    this.until[slot] = until;
    this.reason[slot] = reason;
    if (!isSame || !keeps) this.decision[slot] = decision;
    this.flags[slot] = (observed ? OBSERVED : 0) | (ringed ? RINGED : 0);
    this.touched.add(slot);
  }

  /** Nobody has the slot any more. */
  free(slot: number): void {
    this.#table.remove(slot);
    this.width[slot] = 0;
    this.#free.push(slot);
    this.touched.add(slot);
  }

  /** Removes all bans of a feed. */
  clear(feed: number): void {
    for (const slot of this.taken()) {
      if (this.feed[slot] === feed) this.free(slot);
    }
  }

  /** The slots that are somebody's. */
  taken(): Uint32Array<ArrayBuffer> {
    const slots = new Uint32Array(this.size);
    let count = 0;
    for (let slot = PROBES.length; slot < this.#end; slot++) {
      if (this.isTaken(slot)) slots[count++] = slot;
    }
    return slots;
  }

  isTaken(slot: number): boolean {
    return this.width[slot] !== 0;
  }

  keyOf(slot: number): BanKey {
    return {
      feed: this.feed[slot] ?? 0,
      cidr: this.cidrOf(slot),
      until: this.until[slot] ?? 0,
      decision: this.decision[slot] ?? 0,
    };
  }

  cidrOf(slot: number): Cidr {
    const width = this.width[slot] ?? 0;
    const isWide = this.isV6(slot);
    const address = new Uint8Array(isWide ? 16 : 4);
    for (let at = 0; at < address.length; at++) {
      const word = this.words[slot * WORDS + (at >> 2)] ?? 0;
      address[at] = word >>> (24 - 8 * (at & 3));
    }
    const prefix = width - (isWide ? FIRST_V6 : FIRST_V4);
    return { family: isWide ? 6 : 4, address, prefix };
  }

  isV6(slot: number): boolean {
    return (this.width[slot] ?? 0) >= FIRST_V6;
  }

  #add(key: BanKey): number {
    const slot = this.#free.pop() ?? this.#end++;
    if (slot >= this.width.length) this.#grow();
    this.#write(slot, key);
    this.#table.add(slot, this.#hashOf(slot));
    return slot;
  }

  #write(slot: number, { feed, cidr }: Pick<BanKey, "feed" | "cidr">): void {
    this.feed[slot] = feed;
    this.width[slot] = widthOf(cidr);
    const { address } = cidr;
    for (let nth = 0; nth < WORDS; nth++) {
      this.words[slot * WORDS + nth] = wordOf(address, nth * 4);
    }
  }

  readonly #isProbed = (slot: number): boolean => {
    const { words } = this;
    const at = slot * WORDS;
    const probe = PROBE * WORDS;
    return (
      words[at] === words[probe] &&
      this.feed[slot] === this.feed[PROBE] &&
      this.width[slot] === this.width[PROBE] &&
      words[at + 1] === words[probe + 1] &&
      words[at + 2] === words[probe + 2] &&
      words[at + 3] === words[probe + 3]
    );
  };

  /** By a key of its own in each process, so that nobody can make ranges collide. */
  #hashOf(slot: number): number {
    let hash = SALT ^ ((this.feed[slot] ?? 0) << 8) ^ (this.width[slot] ?? 0);
    for (let at = slot * WORDS; at < (slot + 1) * WORDS; at++) {
      hash = Math.imul(hash ^ (this.words[at] ?? 0), 0x9e37_79b1);
      hash ^= hash >>> 15;
    }
    return Math.imul(hash, 0x85eb_ca6b) >>> 0;
  }

  #grow(): void {
    const slots = this.width.length + Math.max(FIRST, this.width.length >> 1);
    this.feed = grown(this.feed, new Uint32Array(slots));
    this.width = grown(this.width, new Uint8Array(slots));
    this.words = grown(this.words, new Uint32Array(slots * WORDS));
    this.until = grown(this.until, new Float64Array(slots));
    this.decision = grown(this.decision, new Uint32Array(slots));
    this.reason = grown(this.reason, new Uint32Array(slots));
    this.flags = grown(this.flags, new Uint8Array(slots));
  }
}

/** Words of an address. */
export const WORDS = 4;

/** The first width of each family: that of a prefix of no bits. */
export const FIRST_V4 = 1;
export const FIRST_V6 = 34;

export const widthOf = ({ family, prefix }: Cidr): number =>
  prefix + (family === 4 ? FIRST_V4 : FIRST_V6);

/** Four bytes of an address; 0 behind its end. */
export const wordOf = (address: Uint8Array, at: number): number =>
  (((address[at] ?? 0) << 24) |
    ((address[at + 1] ?? 0) << 16) |
    ((address[at + 2] ?? 0) << 8) |
    (address[at + 3] ?? 0)) >>>
  0;

export const isObserved = (flags: number): boolean => (flags & OBSERVED) !== 0;
export const isRinged = (flags: number): boolean => (flags & RINGED) !== 0;

const OBSERVED = 1;
const RINGED = 2;

/** Slots that are never a ban's. */
const PROBES = [0, 1] as const;
const PROBE = PROBES[0];

const FIRST = 1_024;
const SALT = (Math.random() * 2 ** 32) | 0;

function grown<A extends { set(from: A): void }>(from: A, into: A): A {
  into.set(from);
  return into;
}
