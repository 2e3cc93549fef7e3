import { bits, width, type Cidr, type Family } from "../../../model/cidr.js";
import {
  NFTA_SET_ELEM,
  NFT_SET_ELEM_INTERVAL_END,
} from "../../../netlink/nftables/constants.js";
import { flushSet } from "../../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../../netlink/writer.js";
import { isAbsent, type KernelTable } from "../kernel-table.js";
import { writeElements, writeKey } from "./elements.js";
import { FAMILIES, TABLE, allowSet } from "./layout.js";

/** Addresses from `start` up to, but without, `end`. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

/** Replaces the addresses that win over every ban. */
// nft: flush set inet tourniquet allow4;
//      add element inet tourniquet allow4 { 100.64.7.16/28 }
export function writeAllowed(w: MessageWriter, cidrs: readonly Cidr[]): void {
  for (const family of FAMILIES) {
    const set = allowSet(family).name;
    flushSet(w, TABLE, set);
    const bounds = boundsOf(family, collapse(family, cidrs));
    writeElements(w, { verb: "add", set }, bounds, ({ key, closes }) => {
      if (closes) w.u32(NFTA_SET_ELEM.FLAGS, NFT_SET_ELEM_INTERVAL_END);
      writeKey(w, key);
    });
  }
}

/**
 * Replaces the addresses that win over every ban, in a batch of its own. Where
 * there is no ruleset it does nothing: the next one is built with them.
 * @throws NetlinkError when the kernel refused
 */
export function replaceAllowed(
  table: KernelTable,
  cidrs: readonly Cidr[],
): void {
  try {
    table.commit("protect addresses", (w) => writeAllowed(w, cidrs));
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/**
 * Merges ranges that overlap or touch, since an interval set refuses them;
 * those of the other family are left out.
 */
export function collapse(family: Family, cidrs: readonly Cidr[]): Interval[] {
  const merged: { start: bigint; end: bigint }[] = [];
  for (const next of intervals(family, cidrs)) {
    const last = merged.at(-1);
    if (last === undefined || next.start > last.end) merged.push({ ...next });
    else if (next.end > last.end) last.end = next.end;
  }
  return merged;
}

function intervals(family: Family, cidrs: readonly Cidr[]): Interval[] {
  return cidrs
    .filter((cidr) => cidr.family === family)
    .map(({ address, prefix }) => {
      const start = BigInt(`0x${Buffer.from(address).toString("hex")}`);
      return { start, end: start + (1n << BigInt(bits(family) - prefix)) };
    })
    .sort((a, b) => (a.start < b.start ? -1 : Number(a.start > b.start)));
}

/** The kernel keeps intervals as keys that open or close one. */
interface Bound {
  readonly key: Uint8Array;
  readonly closes: boolean;
}

/** As `nft` does: zero closes what is before the first, the last may be open. */
function boundsOf(family: Family, merged: readonly Interval[]): Bound[] {
  const first = merged[0];
  if (first === undefined) return [];
  const top = 1n << BigInt(bits(family));
  const bound = (value: bigint, closes: boolean): Bound[] =>
    value < top ? [{ key: bytesOf(value, width(family)), closes }] : [];
  return [
    ...(first.start > 0n ? bound(0n, true) : []),
    ...merged.flatMap(({ start, end }) => [
      ...bound(start, false),
      ...bound(end, true),
    ]),
  ];
}

function bytesOf(value: bigint, length: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex");
}
