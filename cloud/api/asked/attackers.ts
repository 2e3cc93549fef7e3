import {
  placeOf,
  type Attacker,
  type AttackerOrder,
  type AttackerPlace,
} from "../../attacks/attackers.js";
import { BannedNow } from "../../attacks/banned-now.js";
import type { Caller } from "../../operators/caller.js";
import type { ATTACKERS } from "../../query/lists/attackers.js";
import { matcherOf, type Getters } from "../../query/match.js";
import type { FieldsOf, Query } from "../../query/query.js";
import { rangeIn } from "../../query/values.js";
import type { OperatorApiPorts } from "../ports.js";
import { asks, onlyValue } from "../query-field.js";
import { readableFeeds } from "../scope.js";
import type { Walk } from "../walk.js";

type Fields = FieldsOf<typeof ATTACKERS>;
export type AttackersQuery = Query<Fields>;
type Ports = Pick<
  OperatorApiPorts,
  "attackers" | "countries" | "present" | "index" | "clock"
>;

/** Whose attackers, beside what a query says. */
export interface AttackersOf {
  /** Whose hosts saw them; null: anybody's. */
  readonly org: string | null;
  readonly order: AttackerOrder;
  /** Those that were not seen since then are left out: ms since 1970. */
  readonly since: number;
}

/** Attackers that a query asks for, in an order. */
export function attackersAsked(
  query: AttackersQuery | undefined,
  of: AttackersOf,
  { attackers }: Ports,
  isAskedFor: (row: Attacker) => boolean,
): Walk<Attacker, AttackerPlace> {
  const { order, since } = of;
  const near = nearby(query, of, attackers);
  const behind = (place: AttackerPlace | undefined, most: number) =>
    near === undefined
      ? attackers.behind(of, place, most)
      : near.filter((row) => isBehind(row, order, place)).slice(0, most);
  return {
    behind: (place, most) => {
      const rows = behind(place, most);
      // In this order, the others are behind these.
      return order === "last"
        ? rows.filter(({ lastSeen }) => lastSeen >= since)
        : rows;
    },
    placeOf: (row) => placeOf(row, order),
    isAskedFor: (row) => row.lastSeen >= since && isAskedFor(row),
  };
}

/** Those in the one range that is asked for, in their order, if they are few. */
function nearby(
  query: AttackersQuery | undefined,
  { org, order }: AttackersOf,
  attackers: Ports["attackers"],
): readonly Attacker[] | undefined {
  const address = onlyValue(query, "address");
  const range = address === undefined ? undefined : rangeIn(address);
  // A range within a /64 overlaps the attacker that is the whole of it.
  if (range === undefined || (range.family === 6 && range.prefix > 64)) {
    return undefined;
  }
  const found = attackers.within(range, org, MOST_NEARBY);
  if (found.length === MOST_NEARBY) return undefined;
  return [...found].sort((a, b) => compared(a, b, order));
}

const MOST_NEARBY = 2_000;

function compared(a: Attacker, b: Attacker, order: AttackerOrder): number {
  const [m, one] = placeOf(a, order);
  const [n, other] = placeOf(b, order);
  return n - m || (one < other ? 1 : -1);
}

function isBehind(
  row: Attacker,
  order: AttackerOrder,
  place: AttackerPlace | undefined,
): boolean {
  if (place === undefined) return true;
  const [value, attacker] = placeOf(row, order);
  return value < place[0] || (value === place[0] && attacker < place[1]);
}

/** Whether an attacker is asked for: what bans there are is looked up where it matters. */
export async function matching(
  caller: Caller,
  query: AttackersQuery | undefined,
  { org }: Pick<AttackersOf, "org">,
  ports: Ports,
): Promise<(row: Attacker) => boolean> {
  if (query === undefined) return () => true;
  const { attackers, countries, clock } = ports;
  const orgsOf = ({ attacker }: Attacker): readonly string[] =>
    org === null ? attackers.orgsOf(attacker, MOST_ORGS) : [org];
  const bans = asks(query, "banned") ? await bannedNow(caller, ports) : null;
  const getters: Getters<Attacker, Fields> = {
    address: ({ cidr }) => cidr,
    org: orgsOf,
    orgs: ({ orgs }) => orgs,
    hosts: ({ hosts }) => hosts,
    failures: ({ failures }) => failures,
    packets: ({ packets }) => packets,
    first: ({ firstSeen }) => firstSeen,
    last: ({ lastSeen }) => lastSeen,
    country: ({ cidr }) => countries.of(cidr),
    sensor: ({ sensors }) => sensors,
    banned: (row) => bans && bans.isOn(row.cidr, () => orgsOf(row)),
  };
  return matcherOf(query, getters, clock.now());
}

/** The bans that stand, as far as the caller reads them; null: they can't be told. */
export async function bannedNow(
  caller: Caller,
  ports: Pick<Ports, "present" | "index">,
): Promise<BannedNow | null> {
  const look = await ports.present.look(readableFeeds(caller, ports));
  return look ? new BannedNow(look) : null;
}

/** Of those who saw one attacker, for who asks of one. */
const MOST_ORGS = 1_000;
