import { width } from "../../model/cidr.js";
import type { Entry } from "../../model/ruleset.js";
import type { Fill } from "../../netlink/socket.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { KernelTable } from "./kernel-table.js";
import { areaSet, areasOf, bandsOf } from "./sets/areas.js";
import { grouped, writeElements, writeKey } from "./sets/elements.js";
import type { Generation, Share } from "./sets/layout.js";

/** Bans to be noted in the areas of a generation. */
export interface AreaWrite {
  readonly networks: readonly Networks[];
  readonly generation: Generation;
}

/** Ranges that share a set. */
export interface Networks extends Share {
  /** Side by side, each of the family's width. */
  readonly addresses: Uint8Array;
}

/** The ranges of entries. */
export function networksIn(entries: readonly Entry[]): readonly Networks[] {
  return grouped(entries).map(({ members, ...share }) => ({
    ...share,
    addresses: Buffer.concat(members.map(({ cidr }) => cidr.address)),
  }));
}

/**
 * Makes a change that adds bans, and notes them in their areas: in the same
 * batch, or ahead of it where they are too many for one. An area without a ban
 * costs a look-up, so that it does no harm if the change then fails.
 * @throws NetlinkError
 */
export function commitWithAreas(
  table: KernelTable,
  operation: string,
  noted: AreaWrite,
  fill: Fill,
): void {
  let last: readonly Note[] = [];
  for (const notes of batches(notesOf(noted))) {
    if (last.length > 0) {
      const ahead = last;
      table.commit("note areas", (w) => writeNotes(w, ahead));
    }
    last = notes;
  }
  table.commit(operation, (w) => {
    writeNotes(w, last);
    fill(w);
  });
}

/** Areas that go into one set. */
interface Note {
  readonly set: string;
  readonly areas: readonly Uint8Array[];
}

function* notesOf({ networks, generation }: AreaWrite): Generator<Note> {
  for (const share of networks) {
    const { family, prefix, addresses } = share;
    const step = width(family);
    for (const band of bandsOf(share)) {
      const set = areaSet(band, generation).name;
      for (let at = 0; at < addresses.length; at += step) {
        // Neighbours share an area, and mostly stand together.
        if (at > 0 && isSame(addresses, at - step, at, band.area)) continue;
        const address = addresses.subarray(at, at + step);
        yield { set, areas: areasOf(band, { family, address, prefix }) };
      }
    }
  }
}

/** Whether the networks of so many bits are the same that begin at `a` and `b`. */
function isSame(bytes: Uint8Array, a: number, b: number, bits: number) {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++)
    if (bytes[a + i] !== bytes[b + i]) return false;
  const differing = (bytes[a + whole] ?? 0) ^ (bytes[b + whole] ?? 0);
  return differing >> (8 - (bits & 7)) === 0;
}

/** Puts notes together, as many as a batch may have. */
function* batches(notes: Iterable<Note>): Generator<readonly Note[]> {
  let batch: { set: string; areas: Uint8Array[] }[] = [];
  let size = 0;
  for (const { set, areas } of notes) {
    if (size + areas.length > MOST_AREAS && size > 0) {
      yield batch;
      batch = [];
      size = 0;
    }
    const last = batch.at(-1);
    if (last?.set === set) last.areas.push(...areas);
    else batch.push({ set, areas: [...areas] });
    size += areas.length;
  }
  if (size > 0) yield batch;
}

// nft: add element inet tourniquet area4_23to24_a { 198.51.100.0 }
function writeNotes(w: MessageWriter, notes: readonly Note[]): void {
  for (const { set, areas } of notes) {
    writeElements(w, { verb: "add", set }, areas, (area) => writeKey(w, area));
  }
}

/** Some 100 KB beside the bans: a batch has to fit the socket's buffer. */
const MOST_AREAS = 3_000;
