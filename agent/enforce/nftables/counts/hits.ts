import { setImmediate as nextTurn } from "node:timers/promises";
import { cidrOf, width } from "../../../model/cidr.js";
import type { Hit } from "../../../model/hit.js";
import { dig, find, hostU32, netU64 } from "../../../netlink/attributes.js";
import { NETLINK_NETFILTER } from "../../../netlink/constants.js";
import { MalformedNetlink } from "../../../netlink/error.js";
import type { Message } from "../../../netlink/message.js";
import {
  NFTA_EXPR,
  NFTA_LIST_ELEM,
  NFTA_SET_ELEM,
} from "../../../netlink/nftables/constants.js";
import { listElements } from "../../../netlink/nftables/messages.js";
import {
  countsOf,
  elementsIn,
  type SetElement,
} from "../../../netlink/nftables/read.js";
import {
  MOST_ATTEMPTS,
  NetlinkSocket,
  isInterrupted,
} from "../../../netlink/socket.js";
import type { Libc } from "../../../runtime/libc.js";
import type { HitList } from "../../enforcer.js";
import { isAbsent } from "../kernel-table.js";
import {
  MOST_HITS,
  SIDES,
  TABLE,
  hitsSet,
  remoteBits,
} from "../sets/layout.js";
import type { Side } from "../sets/layout.js";

/** What one side's set held when it was read: some 50 bytes an element. */
export interface Reading {
  readonly side: Side;
  readonly count: number;
  /** One for each message: its elements, one after the other. */
  readonly chunks: readonly Buffer[];
}

/** The hits of all sides: packed, since as objects they would fill the heap. */
export class Hits implements HitList {
  readonly readings: readonly Reading[];

  constructor(readings: readonly Reading[]) {
    this.readings = readings;
  }

  get crowded(): boolean {
    return this.readings.some(isCrowded);
  }

  /** The event loop gets a turn after every slice. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Hit[], void> {
    for (const { side, chunks } of this.readings) {
      for (const chunk of chunks) {
        yield Array.from(recordsIn(side, chunk), (each) => hitIn(side, each));
        await nextTurn();
      }
    }
  }
}

/** Whether hardly any room is left in a side's set. */
export const isCrowded = ({ count }: Reading): boolean =>
  count >= MOST_HITS * 0.75;

/** Reads all sides; one that others disturb is read anew. @throws NetlinkError */
export async function readHits(libc: Libc): Promise<Hits> {
  using socket = new NetlinkSocket(libc, NETLINK_NETFILTER);
  const readings: Reading[] = [];
  for (const side of SIDES) readings.push(await readSide(socket, side));
  return new Hits(readings);
}

async function readSide(socket: NetlinkSocket, side: Side): Promise<Reading> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listSide(socket, side);
    } catch (error) {
      if (isAbsent(error)) return { side, count: 0, chunks: [] };
      if (!isInterrupted(error) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/**
 * The event loop gets a turn after every message, so the socket must be one that
 * nobody else uses meanwhile.
 */
async function listSide(socket: NetlinkSocket, side: Side): Promise<Reading> {
  const chunks: Buffer[] = [];
  let count = 0;
  const dump = socket.dump("list hits", (w) =>
    listElements(w, TABLE, hitsSet(side).name),
  );
  for (const message of dump) {
    const records = recordsOf(side, message);
    chunks.push(Buffer.concat(records));
    count += records.length;
    await nextTurn();
  }
  return { side, count, chunks };
}

/** An element as it is kept: its key, then three numbers. */
export interface Record {
  readonly key: Buffer;
  readonly packets: number;
  readonly bytes: number;
  /** How long it is kept unless there are more packets. */
  readonly leftMs: number;
}

function recordsOf(side: Side, message: Message): Buffer[] {
  const { keyBytes } = hitsSet(side);
  return Array.from(elementsIn(message), (element) => {
    const { key, attributes } = element;
    need(key, keyBytes);
    const record = Buffer.alloc(keyBytes + NUMBERS_BYTES);
    key.copy(record, 0, 0, keyBytes);
    const { packets, bytes } = countsOf(counterOf(attributes));
    const left = find(attributes, NFTA_SET_ELEM.EXPIRATION);
    record.writeDoubleLE(packets, keyBytes);
    record.writeDoubleLE(bytes, keyBytes + 8);
    record.writeDoubleLE(left ? netU64(left) : Infinity, keyBytes + 16);
    return record;
  });
}

/** The way back; keys are views of the chunk. */
export function* recordsIn(side: Side, chunk: Buffer): Generator<Record, void> {
  const { keyBytes } = hitsSet(side);
  const step = keyBytes + NUMBERS_BYTES;
  for (let at = 0; at < chunk.length; at += step) {
    yield {
      key: chunk.subarray(at, at + keyBytes),
      packets: chunk.readDoubleLE(at + keyBytes),
      bytes: chunk.readDoubleLE(at + keyBytes + 8),
      leftMs: chunk.readDoubleLE(at + keyBytes + 16),
    };
  }
}

const NUMBERS_BYTES = 24;

/**
 * Reads one element as it is in the kernel.
 * @throws MalformedNetlink when it is none of ours
 */
export const hitOf = (side: Side, { key, attributes }: SetElement): Hit =>
  hitIn(side, { key, ...countsOf(counterOf(attributes)) });

/** A key is remote address, protocol, way and fate, each on four bytes. */
function hitIn(
  side: Side,
  { key, packets, bytes }: Omit<Record, "leftMs">,
): Hit {
  const addressBytes = width(side.family);
  need(key, addressBytes + 12);
  const address = Uint8Array.from(key.subarray(0, addressBytes));
  const way = hostU32(key, addressBytes + 4);
  return {
    remote: cidrOf(address, remoteBits(side)),
    direction: side.direction,
    protocol: key.readUInt8(addressBytes),
    way,
    forwarded: isForwarded(side, way),
    observed: hostU32(key, addressBytes + 8) !== 0,
    packets,
    bytes,
  };
}

/**
 * What comes in is for this host, for all of its network, or for others; what
 * goes out has come in by a device, unless it is from here.
 */
function isForwarded({ direction }: Side, way: number): boolean {
  if (direction === "out") return way !== 0;
  return way === RTN_UNICAST || way === RTN_UNREACHABLE || way === 0;
}

/** linux/rtnetlink.h; a broadcast (3) or a multicast (5) is for this host too. */
const RTN_UNICAST = 1;
const RTN_UNREACHABLE = 7;

/** One counter stands by itself; among several it stands in a list. */
function counterOf(attributes: Buffer): Buffer | undefined {
  const { EXPRESSION, EXPRESSIONS } = NFTA_SET_ELEM;
  return (
    dig(attributes, EXPRESSION, NFTA_EXPR.DATA) ??
    dig(attributes, EXPRESSIONS, NFTA_LIST_ELEM, NFTA_EXPR.DATA)
  );
}

function need(key: Buffer, bytes: number): void {
  if (key.length >= bytes) return;
  throw new MalformedNetlink(`a hit's key of ${key.length} bytes`);
}
