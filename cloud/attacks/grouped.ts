import { formatCidr, widened, type Cidr } from "../../agent/model/cidr.js";
import type { Turns } from "../rate/turns.js";
import {
  placeOf,
  type Attacker,
  type AttackerOrder,
  type AttackerPlace,
  type AttackersAsked,
} from "./attackers.js";

/** Attackers that have something in common. Times in ms since 1970. */
export interface AttackerGroup {
  /** A range, two letters of a country, or an org's id; null: it is not known. */
  readonly name: string | null;
  attackers: number;
  failures: number;
  packets: number;
  observed: number;
  firstSeen: number;
  lastSeen: number;
  readonly sensors: Set<string>;
}

export interface GroupsAsked {
  /** Whose rows are looked at, one after another; null: anybody's. */
  readonly orgs: readonly (string | null)[];
  readonly groupOf: (attacker: Attacker, org: string | null) => string | null;
  readonly isAskedFor: (attacker: Attacker) => boolean;
  /** Those that were not seen since then are left out: ms since 1970. */
  readonly since: number;
}

export interface Groups {
  readonly groups: readonly AttackerGroup[];
  /** Whether all attackers that are asked for were looked at. */
  readonly isWhole: boolean;
}

/** The network that an address is in: a /24, or a /64. */
export const netOf = ({ cidr }: { readonly cidr: Cidr }): string =>
  formatCidr(widened(cidr, cidr.family === 4 ? 24 : 64));

/**
 * Adds up attackers by what they have in common, the newest first, in turns with all
 * else.
 * @throws GivenUp
 */
export async function grouped(
  { orgs, since, ...asked }: GroupsAsked,
  behind: (
    asked: AttackersAsked,
    place: AttackerPlace | undefined,
    most: number,
  ) => readonly Attacker[],
  turns: Turns,
): Promise<Groups> {
  const found = new Map<string | null, AttackerGroup>();
  let left = MOST_LOOKED_AT;
  for (const org of orgs) {
    for (let place: AttackerPlace | undefined; ;) {
      if (left <= 0) return { groups: [...found.values()], isWhole: false };
      const rows = behind({ org, order: "last" }, place, AT_ONCE);
      const recent = rows.filter(({ lastSeen }) => lastSeen >= since);
      for (const row of recent) {
        if (turns.isOver) await turns.next();
        add(row, org, asked, found);
      }
      left -= recent.length;
      const last = rows.at(-1);
      if (last === undefined || recent.length < AT_ONCE) break;
      place = placeOf(last, "last");
    }
  }
  return { groups: [...found.values()], isWhole: true };
}

function add(
  row: Attacker,
  org: string | null,
  { groupOf, isAskedFor }: Pick<GroupsAsked, "groupOf" | "isAskedFor">,
  found: Map<string | null, AttackerGroup>,
): void {
  if (!isAskedFor(row)) return;
  const name = groupOf(row, org);
  const known = found.get(name);
  if (known === undefined) {
    const { failures, packets, observed, firstSeen, lastSeen } = row;
    const sensors = new Set(row.sensors);
    const sums = { failures, packets, observed, firstSeen, lastSeen };
    found.set(name, { name, attackers: 1, ...sums, sensors });
    return;
  }
  known.attackers += 1;
  known.failures += row.failures;
  known.packets += row.packets;
  known.observed += row.observed;
  known.firstSeen = Math.min(known.firstSeen, row.firstSeen);
  known.lastSeen = Math.max(known.lastSeen, row.lastSeen);
  for (const sensor of row.sensors) known.sensors.add(sensor);
}

/** By what groups are sorted: as attackers are, or by how many these are. */
export const groupValue = (
  group: AttackerGroup,
  order: AttackerOrder | "attackers",
): number => (order === "last" ? group.lastSeen : group[order]);

/** Attackers that are read at once. */
const AT_ONCE = 256;

/** Of one request: a second or two, in turns. */
const MOST_LOOKED_AT = 100_000;
