import type { Block } from "../../model/block.js";
import { width, type Family } from "../../model/cidr.js";
import { ATTRIBUTE_BYTES } from "../../netlink/constants.js";
import {
  NFTA_LIST_ELEM,
  NFTA_SET_ELEM,
} from "../../netlink/nftables/constants.js";
import { elements } from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { UnixMs } from "../../runtime/clock.js";
import type { Networks } from "./area-index.js";
import { MOST_ELEMENTS, kindOf, timeoutMs, writeKey } from "./sets/elements.js";
import { TABLE, banSet, type Generation, type Share } from "./sets/layout.js";

/** Adds a block to its set. */
// nft: add element inet tourniquet ban4_24_a { 198.51.100.0 timeout 1h, … }
export function addBlock(
  w: MessageWriter,
  block: Block,
  generation: Generation,
  now: UnixMs,
): void {
  const { expiries } = block;
  const set = banSet(shareOf(block), generation).name;
  for (let start = 0; start < expiries.length; start += MOST_ELEMENTS) {
    const part = partOf(block, start);
    elements(w, "add", { table: TABLE, set }, () => writePart(w, part, now));
  }
}

/** Where its ranges belong. */
export const shareOf = (block: Block): Share => ({
  kind: kindOf(block),
  family: block.family,
  prefix: block.prefix,
});

/** Its ranges, to be noted in their areas. */
export const networksOf = (block: Block): Networks => ({
  ...shareOf(block),
  addresses: block.addresses,
});

/** What goes into one message. */
function partOf(block: Block, start: number): Block {
  const { expiries, addresses, family } = block;
  if (expiries.length <= MOST_ELEMENTS) return block;
  const end = start + MOST_ELEMENTS;
  return {
    ...block,
    expiries: expiries.slice(start, end),
    addresses: addresses.subarray(start * width(family), end * width(family)),
  };
}

/**
 * Elements differ in eight bytes of time and in the address. The rest is copied
 * at once: the agent runs without a JIT, where writing it all takes seconds.
 */
function writePart(w: MessageWriter, part: Block, now: UnixMs): void {
  const { family, addresses, expiries } = part;
  const bytes = width(family);
  const written = w.repeat(expiries.length, () => blankBan(w, family));
  const given = viewOf(addresses);
  const stride = KEY_AT + bytes;
  let at = 0;
  let from = 0;
  for (let i = 0; i < expiries.length; i++) {
    const timeout = timeoutMs(expiries[i] ?? 0, now);
    written.setUint32(at + TIMEOUT_AT, timeout / 2 ** 32);
    written.setUint32(at + TIMEOUT_AT + 4, timeout);
    for (let key = KEY_AT; key < stride; key += 4, from += 4) {
      written.setUint32(at + key, given.getUint32(from));
    }
    at += stride;
  }
}

function blankBan(w: MessageWriter, family: Family): void {
  w.nest(NFTA_LIST_ELEM, () => {
    w.u64(NFTA_SET_ELEM.TIMEOUT, 0);
    writeKey(w, new Uint8Array(width(family)));
  });
}

/** Where in such an element the timeout lies, and the address, which ends it. */
const TIMEOUT_AT = 2 * ATTRIBUTE_BYTES;
const KEY_AT = TIMEOUT_AT + 8 + 2 * ATTRIBUTE_BYTES;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);
