import type { Cidr } from "../../../model/cidr.js";
import type { Entry } from "../../../model/ruleset.js";
import {
  NFTA_DATA,
  NFTA_SET_ELEM,
} from "../../../netlink/nftables/constants.js";
import {
  elements,
  type ElementsVerb,
} from "../../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../../netlink/writer.js";
import type { UnixSeconds, UnixMs } from "../../../runtime/clock.js";
import {
  TABLE,
  banSet,
  type Generation,
  type Kind,
  type Share,
} from "./layout.js";

/** Ranges of one kind, family and prefix length, which share a set. */
export interface Group<T> extends Share {
  readonly members: T[];
}

/** A range in the set of one kind. */
export interface Placed {
  readonly kind: Kind;
  readonly cidr: Cidr;
}

export const kindOf = ({ observed }: Pick<Entry, "observed">): Kind =>
  observed ? "watch" : "ban";

/** Sorts entries into the sets that they belong to. */
export function grouped(entries: Iterable<Entry>): Group<Entry>[] {
  return groupedBy(entries, (entry) => entry.cidr, kindOf);
}

/** Sorts ranges into the sets that they are in. */
export function groupedPlaces(places: Iterable<Placed>): Group<Placed>[] {
  return groupedBy(
    places,
    ({ cidr }) => cidr,
    ({ kind }) => kind,
  );
}

function groupedBy<T>(
  items: Iterable<T>,
  cidrOf: (item: T) => Cidr,
  kindOf: (item: T) => Kind,
): Group<T>[] {
  const groups = new Map<number, Group<T>>();
  for (const item of items) {
    const { family, prefix } = cidrOf(item);
    const kind = kindOf(item);
    const key = (family + (kind === "ban" ? 0 : 1)) * 256 + prefix;
    let group = groups.get(key);
    if (!group) {
      groups.set(key, (group = { kind, family, prefix, members: [] }));
    }
    group.members.push(item);
  }
  return [...groups.values()];
}

/**
 * Adds bans to their set. A ban that is there already keeps its old expiry on
 * kernels before 6.12.
 */
// nft: add element inet tourniquet ban4_24_a { 198.51.100.0 timeout 1h }
export function addBans(
  w: MessageWriter,
  group: Group<Entry>,
  generation: Generation,
  now: UnixMs,
): void {
  const { members } = group;
  const { name } = banSet(group, generation);
  writeElements(w, { verb: "add", set: name }, members, (entry) => {
    w.u64(NFTA_SET_ELEM.TIMEOUT, timeoutMs(entry.expiresAt, now));
    writeKey(w, entry.cidr.address);
  });
}

/**
 * Deletes ranges from their set, there or not: deleting what is absent would
 * fail the batch, so they are added first. No range may come twice.
 */
// nft: add element inet tourniquet ban4_24_a { 198.51.100.0 };
//      delete element inet tourniquet ban4_24_a { 198.51.100.0 }
export function deleteBans(
  w: MessageWriter,
  group: Group<{ readonly cidr: Cidr }>,
  generation: Generation,
): void {
  const set = banSet(group, generation).name;
  for (const verb of ["add", "delete"] as const) {
    writeElements(w, { verb, set }, group.members, ({ cidr }) =>
      writeKey(w, cidr.address),
    );
  }
}

/** Asks whether a range is in its set. */
// nft: get element inet tourniquet ban4_24_a { 198.51.100.0 }
export function askForBan(
  w: MessageWriter,
  { kind, cidr }: Placed,
  generation: Generation,
): void {
  const set = banSet({ kind, ...cidr }, generation).name;
  const keys = [cidr.address];
  writeElements(w, { verb: "get", set }, keys, (key) => writeKey(w, key));
}

/** Writes as many messages as the elements need. */
export function writeElements<T>(
  w: MessageWriter,
  { verb, set }: { verb: ElementsVerb; set: string },
  items: readonly T[],
  write: (item: T) => void,
): void {
  for (let start = 0; start < items.length; start += MOST_ELEMENTS) {
    const end = Math.min(start + MOST_ELEMENTS, items.length);
    elements(w, verb, { table: TABLE, set }, () => {
      for (let i = start; i < end; i++) {
        const element = w.open(i - start + 1);
        write(items[i] as T);
        w.close(element);
      }
    });
  }
}

/** Writes the key of an element. */
// nft: 198.51.100.0
export function writeKey(w: MessageWriter, key: Uint8Array): void {
  const start = w.open(NFTA_SET_ELEM.KEY);
  w.data(NFTA_DATA.VALUE, key);
  w.close(start);
}

/** What remains until a ban's expiry. */
export function remainingMs({ expiresAt }: Entry, now: UnixMs): number {
  return expiresAt * 1000 - now;
}

/** Bytes of elements must stay below 64 KiB: an IPv6 ban takes 40. */
export const MOST_ELEMENTS = 1_500;

/**
 * The kernel counts nanoseconds in 64 bits, which 584 years fit: forever does
 * not. No host stays up for a hundred years, and every start tells them anew.
 */
const LONGEST_MS = 100 * 365 * 86_400_000;

/** Never 0: to the kernel that is a ban without an end. */
export function timeoutMs(expiresAt: UnixSeconds, now: UnixMs): number {
  return Math.min(Math.max(Math.ceil(expiresAt * 1000 - now), 1), LONGEST_MS);
}
