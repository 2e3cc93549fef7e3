import { setImmediate as nextTurn } from "node:timers/promises";
import { width, type Cidr } from "../../model/cidr.js";
import type { Entry } from "../../model/ruleset.js";
import { find, netU64 } from "../../netlink/attributes.js";
import { NetlinkError } from "../../netlink/error.js";
import { NFTA_SET, NFTA_SET_ELEM } from "../../netlink/nftables/constants.js";
import { listElements, listSets } from "../../netlink/nftables/messages.js";
import {
  attributesOf,
  elementsIn,
  isOfTable,
  setName,
  type SetElement,
} from "../../netlink/nftables/read.js";
import { isInterrupted, type NetlinkSocket } from "../../netlink/socket.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { UnixMs } from "../../runtime/clock.js";
import type { Differences, Listing } from "../enforcer.js";
import { isAbsent, isFound, type KernelTable } from "./kernel-table.js";
import { areaSet, areasOf, bandsOf } from "./sets/areas.js";
import {
  askForBan,
  kindOf,
  remainingMs,
  timeoutMs,
  writeElements,
  writeKey,
} from "./sets/elements.js";
import { TABLE, shareOf, type Layout, type Share } from "./sets/layout.js";

/** Looks entries up, one by one: which are not there, or end at another time. */
export function differencesOf(
  table: KernelTable,
  entries: readonly Entry[],
  { layout, now }: { readonly layout: Layout; readonly now: UnixMs },
): Differences {
  const { generation, lengths } = layout;
  const missing: Cidr[] = [];
  const misdated: Cidr[] = [];
  const open = unnoted(table, entries, layout);
  const asked = entries.filter((entry) => {
    const { family, prefix } = entry.cidr;
    const there = lengths[kindOf(entry)][family].has(prefix);
    if (!there || open.has(entry.cidr)) missing.push(entry.cidr);
    return there;
  });
  if (asked.length === 0) return { missing, misdated };
  const answers = table.ask("look bans up", (w) => {
    for (const entry of asked) {
      askForBan(w, { kind: kindOf(entry), cidr: entry.cidr }, generation);
    }
  });
  asked.forEach((entry, i) => {
    const answer = answers[i];
    if (answer === undefined || !isFound(answer)) missing.push(entry.cidr);
    else if (!(answer instanceof NetlinkError)) {
      const [element] = elementsIn(answer);
      if (element && isMisdated(entry, element, now)) misdated.push(entry.cidr);
    }
  });
  return { missing, misdated };
}

/**
 * What is in small sets; larger ones are passed over, since to list them is
 * quadratic in the kernel. The event loop turns after every
 * message, so the socket must be one that nobody else uses meanwhile.
 */
export async function* listed(
  socket: NetlinkSocket,
  listing: Listing,
  { layout, now }: { readonly layout: Layout; readonly now: () => number },
): AsyncGenerator<readonly Entry[], void> {
  try {
    for (const [set, share] of smallSets(socket, listing, layout)) {
      const fill = (w: MessageWriter) => listElements(w, TABLE, set);
      for (const message of socket.dump("list bans", fill)) {
        const at = now();
        yield Array.from(elementsIn(message), (each) =>
          entryOf(share, each, at),
        );
        await nextTurn();
      }
    }
  } catch (error) {
    // It changed or went away meanwhile: the next look finds what is left.
    if (!isInterrupted(error) && !isAbsent(error)) throw error;
  }
}

/** By name, those in force. */
function smallSets(
  socket: NetlinkSocket,
  { most, total, turn }: Listing,
  { generation }: Layout,
): [string, Share][] {
  const sets = socket.list(
    "list sets",
    (w) => listSets(w, TABLE),
    (message) => {
      const name = setName(message);
      const share = shareOf(name);
      const ours = isOfTable(message, TABLE.name) && name.endsWith(generation);
      if (share === undefined || !ours) return [];
      const count = find(attributesOf(message), NFTA_SET.COUNT);
      const isSmall = (count?.readUInt32BE(0) ?? total) <= most;
      return isSmall ? [[name, share] as [string, Share]] : [];
    },
  );
  return sets.filter((_, i) => turn === undefined || i === turn % sets.length);
}

/** The ranges of these entries of which an area is not noted. */
function unnoted(
  table: KernelTable,
  entries: readonly Entry[],
  { generation }: Layout,
): ReadonlySet<Cidr> {
  const areas = new Map<string, { note: Note; cidrs: Cidr[] }>();
  for (const entry of entries) {
    for (const band of bandsOf({ kind: kindOf(entry), ...entry.cidr })) {
      const set = areaSet(band, generation).name;
      for (const area of areasOf(band, entry.cidr)) {
        const key = `${set} ${Buffer.from(area).toString("latin1")}`;
        const known = areas.get(key);
        if (known) known.cidrs.push(entry.cidr);
        else areas.set(key, { note: { set, area }, cidrs: [entry.cidr] });
      }
    }
  }
  const all = [...areas.values()];
  const found = answersTo(
    table,
    all.map(({ note }) => note),
  );
  return new Set(all.flatMap(({ cidrs }, i) => (found[i] ? [] : cidrs)));
}

/** An area in its set. */
interface Note {
  readonly set: string;
  readonly area: Uint8Array;
}

function answersTo(table: KernelTable, notes: readonly Note[]): boolean[] {
  const found: boolean[] = [];
  for (let at = 0; at < notes.length; at += MOST_ASKED) {
    const some = notes.slice(at, at + MOST_ASKED);
    const answers = table.ask("look areas up", (w) => {
      for (const { set, area } of some) {
        writeElements(w, { verb: "get", set }, [area], (key) =>
          writeKey(w, key),
        );
      }
    });
    found.push(...answers.map(isFound));
  }
  return found;
}

function entryOf(
  { kind, family, prefix }: Share,
  { key, attributes }: SetElement,
  now: UnixMs,
): Entry {
  const address = Uint8Array.from(key.subarray(0, width(family)));
  return {
    cidr: { family, address, prefix },
    expiresAt: Math.floor((now + leftMs(attributes)) / 1000),
    observed: kind === "watch",
  };
}

/** What the kernel says remains; without an end where it has none. */
function leftMs(attributes: Buffer): number {
  const bytes = find(attributes, NFTA_SET_ELEM.EXPIRATION);
  return bytes ? netU64(bytes) : Infinity;
}

/**
 * A ban that lasts longer than the kernel can count gets the longest timeout there
 * is, and that runs down: it is misdated only once half of it is gone.
 */
function isMisdated(entry: Entry, element: SetElement, now: UnixMs): boolean {
  const left = leftMs(element.attributes);
  const due = timeoutMs(entry.expiresAt, now);
  if (due < remainingMs(entry, now)) return left < due / 2 || left === Infinity;
  return Math.abs(left - due) > TOLERANCE_MS;
}

/** Clocks are steered, and the kernel counts in ticks. */
const TOLERANCE_MS = 5_000;

/** Bounds what waits in the socket's receive buffer. */
const MOST_ASKED = 256;
