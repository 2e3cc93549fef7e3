import { bits, width, type Family } from "../../../model/cidr.js";
import { COUNTED_PROTOCOLS } from "../../../model/protocol-name.js";
import {
  KEY_TYPE,
  NFPROTO_INET,
  SET_FLAG,
} from "../../../netlink/nftables/constants.js";
import type { SetSpec, Table } from "../../../netlink/nftables/messages.js";

/** The one table that is ours. Nothing outside it is ever changed. */
export const TABLE: Table = { family: NFPROTO_INET, name: "tourniquet" };

export const FAMILIES = [4, 6] as const satisfies readonly Family[];

/**
 * Two generations of sets take turns: the rules use one while a rebuild loads
 * the other.
 */
export type Generation = "a" | "b";

/** Which sets the rules use: one for each kind, family and prefix length. */
export interface Layout {
  readonly generation: Generation;
  readonly lengths: Readonly<Record<Kind, Lengths>>;
}

/** Bans that drop, and those that are only observed. */
export type Kind = "ban" | "watch";

export const KINDS = ["ban", "watch"] as const satisfies readonly Kind[];

/** The prefix lengths that have a set. */
export type Lengths = Readonly<Record<Family, ReadonlySet<number>>>;

export const otherThan = (generation: Generation): Generation =>
  generation === "a" ? "b" : "a";

/** Ranges that share a set. */
export interface Share {
  readonly kind: Kind;
  readonly family: Family;
  readonly prefix: number;
}

/** Holds the bans of one kind, family and prefix length. */
// nft: set ban4_32_a { type ipv4_addr; flags timeout; }
export function banSet(
  { kind, family, prefix }: Share,
  generation: Generation,
): SetSpec {
  return {
    name: `${kind}${family}_${prefix}_${generation}`,
    ...addressKey(family),
    flags: SET_FLAG.TIMEOUT,
  };
}

/** Holds one element: of which ledger and revision this ruleset is, and how built. */
// nft: set label_a { type mark . mark . mark . mark; }
export function labelSet(generation: Generation): SetSpec {
  const { MARK } = KEY_TYPE;
  const key = [MARK, MARK, MARK, MARK];
  return { name: `label_${generation}`, key, keyBytes: 16, flags: 0 };
}

/** Holds the addresses that win over every ban. */
// nft: set allow4 { type ipv4_addr; flags interval; }
export function allowSet(family: Family): SetSpec {
  return {
    name: `allow${family}`,
    ...addressKey(family),
    flags: SET_FLAG.INTERVAL,
  };
}

// nft: set ported { type inet_proto; }
const protocolSet = (name: string): SetSpec => ({
  name,
  key: [KEY_TYPE.PROTOCOL],
  keyBytes: 1,
  flags: 0,
});

/** Holds the protocols whose third and fourth byte are the destination port. */
export const PORTED = protocolSet("ported");

/** Holds the protocols that packets are counted by. */
export const COUNTED = protocolSet("counted");

/** What never changes in sets that rules look at. */
export const PROTOCOLS = new Map<SetSpec, readonly number[]>([
  // TCP, UDP, DCCP, SCTP and UDP-Lite
  [PORTED, [6, 17, 33, 132, 136]],
  [COUNTED, COUNTED_PROTOCOLS],
]);

/** Packets that come from a banned address, or go to one. */
export interface Side {
  readonly family: Family;
  readonly direction: "in" | "out";
}

export const SIDES: readonly Side[] = FAMILIES.flatMap((family) => [
  { family, direction: "in" as const },
  { family, direction: "out" as const },
]);

/**
 * Counts packets by remote, protocol, way (for what comes in, the kind of its
 * destination; for what goes out, the device that it came in by) and fate: all
 * that a remote can make of it is a few counts. A set of another version that
 * has another key has to have another name, since both are there for a moment.
 */
// nft: set remotes_in4 { type ipv4_addr . inet_proto . fib_addrtype . mark;
//      size 16384; flags dynamic,timeout; timeout 1h; }
export function hitsSet({ family, direction }: Side): SetSpec {
  const { key, keyBytes } = addressKey(family);
  const { PROTOCOL, MARK, ADDRESS_TYPE, DEVICE } = KEY_TYPE;
  const way = direction === "in" ? ADDRESS_TYPE : DEVICE;
  return {
    name: `remotes_${direction}${family}`,
    key: [...key, PROTOCOL, way, MARK],
    keyBytes: keyBytes + 12, // every field takes a multiple of four bytes
    flags: SET_FLAG.DYNAMIC | SET_FLAG.TIMEOUT,
    timeoutMs: HITS_KEPT_MS,
    size: MOST_HITS,
  };
}

/**
 * The prefix length of what counts as one remote: who attacks over IPv6 may use
 * a whole /64. What is called is told exactly.
 */
export const remoteBits = ({ family, direction }: Side): number =>
  family === 6 && direction === "in" ? 64 : bits(family);

/**
 * Remembers of which packets that go out the listener was told lately, by remote
 * address, protocol, destination port and the device that they came in by: who
 * calls without end is told of now and then.
 */
// nft: set told4 { type ipv4_addr . inet_proto . inet_service . iface_index;
//      size 4096; flags dynamic,timeout; timeout 1m; }
export function toldSet(family: Family): SetSpec {
  const { key, keyBytes } = addressKey(family);
  const { PROTOCOL, PORT, DEVICE } = KEY_TYPE;
  return {
    name: `told${family}`,
    key: [...key, PROTOCOL, PORT, DEVICE],
    keyBytes: keyBytes + 12,
    flags: SET_FLAG.DYNAMIC | SET_FLAG.TIMEOUT,
    timeoutMs: TOLD_FOR_MS,
    size: MOST_TOLD,
  };
}

/** Packets are looked at before raw (-300) and connection tracking (-200). */
export const PRIORITY = -310;

/** The sets that outlive generations. */
export const lastingSets = (): readonly SetSpec[] => [
  ...FAMILIES.map(allowSet),
  ...PROTOCOLS.keys(),
  ...SIDES.map(hitsSet),
  ...FAMILIES.map(toldSet),
];

/** Which generation a set belongs to, should it belong to one. */
export function generationOf(set: string): Generation | undefined {
  const letter = /^(?:ban|watch|area|label).*_([ab])$/.exec(set)?.[1];
  return letter as Generation | undefined;
}

/**
 * Reads the layout off the names of the sets. The generation that has a label
 * is the one in force, since a label is written with the rules that use it.
 */
export function layoutOf(sets: readonly string[]): Layout | undefined {
  const generation = (["a", "b"] as const).find((letter) =>
    sets.includes(labelSet(letter).name),
  );
  if (generation === undefined) return undefined;
  const lengths = noLengths();
  for (const set of sets) {
    const [, kind, family, prefix, letter] = BAN_SET.exec(set) ?? [];
    if (letter !== generation) continue;
    lengths[kind as Kind][family === "4" ? 4 : 6].add(Number(prefix));
  }
  return { generation, lengths };
}

/** Prefix lengths to be filled in. */
export function noLengths(): Record<Kind, Record<Family, Set<number>>> {
  const none = () => ({ 4: new Set<number>(), 6: new Set<number>() });
  return { ban: none(), watch: none() };
}

/** What a set of bans holds; undefined for any other set. */
export function shareOf(set: string): Share | undefined {
  const [, kind, family, length] = BAN_SET.exec(set) ?? [];
  if (kind === undefined) return undefined;
  const share: Share = {
    kind: kind as Kind,
    family: family === "4" ? 4 : 6,
    prefix: Number(length),
  };
  return share.prefix <= bits(share.family) ? share : undefined;
}

/** Whether a set holds areas. */
export const isOfAreas = (set: string): boolean => /^area[46]_/.test(set);

/** Whether a set only counts, so that nothing depends on what is in it. */
export const isCounter = (set: string): boolean => set.startsWith("remotes_");

const BAN_SET = /^(ban|watch)([46])_(\d+)_([ab])$/;

/** Longer than telemetry ever waits, so that no count is lost. */
const HITS_KEPT_MS = 3_600_000;

const TOLD_FOR_MS = 60_000;

/** A host that calls more than these at a time is told of by some of them. */
const MOST_TOLD = 4_096;

/**
 * Of each side. A flood of attackers must fill neither the kernel's memory nor,
 * when all sides are read, the agent's: they take some 3 MB there.
 */
export const MOST_HITS = 16_384;

/** A key that is one address. */
export function addressKey(family: Family): Pick<SetSpec, "key" | "keyBytes"> {
  const type = family === 4 ? KEY_TYPE.IPV4 : KEY_TYPE.IPV6;
  return { key: [type], keyBytes: width(family) };
}
