import { bits, width, type Family } from "../../model/cidr.js";
import {
  KEY_TYPE,
  NFPROTO_INET,
  SET_FLAG,
} from "../../netlink/nftables/constants.js";
import type { SetSpec, Table } from "../../netlink/nftables/messages.js";

/** The one table that is ours. Nothing outside it is ever changed. */
export const TABLE: Table = { family: NFPROTO_INET, name: "tourniquet" };

export const FAMILIES = [4, 6] as const satisfies readonly Family[];

/**
 * Two generations of sets take turns: the rules use one while a rebuild loads
 * the other.
 */
export type Generation = "a" | "b";

/** Which sets the rules use: one for each family and prefix length. */
export interface Layout {
  readonly generation: Generation;
  readonly lengths: Lengths;
}

/** The prefix lengths that have a set. */
export type Lengths = Readonly<Record<Family, ReadonlySet<number>>>;

export const otherThan = (generation: Generation): Generation =>
  generation === "a" ? "b" : "a";

/** Holds the bans of one family and prefix length. */
export function banSet(
  family: Family,
  prefix: number,
  generation: Generation,
): SetSpec {
  return {
    name: `ban${family}_${prefix}_${generation}`,
    ...addressKey(family),
    flags: SET_FLAG.TIMEOUT,
  };
}

/**
 * Holds the areas in which any banned range lies: one look at it spares most
 * packets the look-ups of every prefix length. An area stays until the next
 * rebuild, which costs a look-up and nothing else.
 */
export function areaSet(family: Family, generation: Generation): SetSpec {
  return {
    name: `area${family}_${generation}`,
    ...addressKey(family),
    flags: 0,
  };
}

/** Prefix length of an area: a /16 holds a network, a /32 a provider. */
export const AREA: Readonly<Record<Family, number>> = { 4: 16, 6: 32 };

/** Whether ranges of this length are noted in the areas. */
export const isInArea = (family: Family, prefix: number): boolean =>
  prefix >= AREA[family] && prefix < bits(family);

/** Holds one element: the ledger and the revision that this ruleset is of. */
export function labelSet(generation: Generation): SetSpec {
  const { MARK } = KEY_TYPE;
  const key = [MARK, MARK, MARK];
  return { name: `label_${generation}`, key, keyBytes: 12, flags: 0 };
}

/** Holds the addresses that win over every ban. */
export function allowSet(family: Family): SetSpec {
  return {
    name: `allow${family}`,
    ...addressKey(family),
    flags: SET_FLAG.INTERVAL,
  };
}

/** Holds the protocols whose third and fourth byte are the destination port. */
export const PORTED: SetSpec = {
  name: "ported",
  key: [KEY_TYPE.PROTOCOL],
  keyBytes: 1,
  flags: 0,
};

/** TCP, UDP, DCCP, SCTP and UDP-Lite. */
export const PORTED_PROTOCOLS = [6, 17, 33, 132, 136] as const;

/** Packets that come from a banned address, or go to one. */
export interface Side {
  readonly family: Family;
  readonly direction: "in" | "out";
}

export const SIDES: readonly Side[] = FAMILIES.flatMap((family) => [
  { family, direction: "in" as const },
  { family, direction: "out" as const },
]);

/** Counts dropped packets by remote address, protocol and destination port. */
export function hitsSet({ family, direction }: Side): SetSpec {
  const { key, keyBytes } = addressKey(family);
  return {
    name: `hits_${direction}${family}`,
    key: [...key, KEY_TYPE.PROTOCOL, KEY_TYPE.PORT],
    keyBytes: keyBytes + 8, // every field takes a multiple of four bytes
    flags: SET_FLAG.DYNAMIC | SET_FLAG.TIMEOUT,
    timeoutMs: HITS_KEPT_MS,
    size: MOST_HITS,
  };
}

/** Packets are looked at before raw (-300) and connection tracking (-200). */
export const PRIORITY = -310;

export const checksChain = ({ family, direction }: Side): string =>
  `${direction}${family}`;

export const bannedChain = ({ family, direction }: Side): string =>
  `banned_${direction}${family}`;

/** The sets that outlive generations. */
export const lastingSets = (): readonly SetSpec[] => [
  ...FAMILIES.map(allowSet),
  PORTED,
  ...SIDES.map(hitsSet),
];

/** Which generation a set belongs to, should it belong to one. */
export function generationOf(set: string): Generation | undefined {
  const letter = /^(?:ban|area|label).*_([ab])$/.exec(set)?.[1];
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
  const lengths = { 4: new Set<number>(), 6: new Set<number>() };
  for (const set of sets) {
    const [, family, prefix, letter] = BAN_SET.exec(set) ?? [];
    if (letter !== generation) continue;
    lengths[family === "4" ? 4 : 6].add(Number(prefix));
  }
  return { generation, lengths };
}

const BAN_SET = /^ban([46])_(\d+)_([ab])$/;

/** Longer than telemetry ever waits, so that no count is lost. */
const HITS_KEPT_MS = 3_600_000;

/** A flood of attackers must not fill the kernel's memory. */
const MOST_HITS = 65_536;

function addressKey(family: Family): Pick<SetSpec, "key" | "keyBytes"> {
  const type = family === 4 ? KEY_TYPE.IPV4 : KEY_TYPE.IPV6;
  return { key: [type], keyBytes: width(family) };
}
