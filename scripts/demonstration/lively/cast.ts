import type { Role } from "../../../cloud/operators/roles.js";
import type { Chance } from "./chance.js";

/** A customer, and what part of all hosts is theirs. */
interface CustomerCast {
  readonly id: string;
  readonly name: string;
  readonly share: number;
  /** What their hosts are for: "web" makes "web-01", and is its tag. */
  readonly kinds: readonly string[];
}

/** Companies that are not there. */
export const CUSTOMERS: readonly CustomerCast[] = [
  {
    ...{ id: "acme", name: "Acme", share: 0.28 },
    kinds: ["web", "web", "db", "mail", "vpn"],
  },
  {
    ...{ id: "borealis", name: "Borealis Energy", share: 0.2 },
    kinds: ["grid", "grid", "web", "jump"],
  },
  {
    ...{ id: "cobalt-clinic", name: "Cobalt Clinic", share: 0.16 },
    kinds: ["ward", "pacs", "web", "db"],
  },
  {
    ...{ id: "dunes-bank", name: "Dunes Bank", share: 0.16 },
    kinds: ["pay", "web", "db", "jump"],
  },
  {
    ...{ id: "elm-university", name: "Elm University", share: 0.12 },
    kinds: ["lab", "mail", "www"],
  },
  {
    ...{ id: "fjord-games", name: "Fjord Games", share: 0.08 },
    kinds: ["game", "game", "web"],
  },
];

/** Who works with the cloud. */
export const PEOPLE = [
  { name: "demo", role: "admin", org: null },
  { name: "ann", role: "analyst", org: null },
  { name: "bob", role: "approver", org: null },
  { name: "vera", role: "viewer", org: "acme" },
  { name: "petra", role: "partner", org: null, collection: "reputation" },
] as const satisfies readonly {
  readonly name: string;
  readonly role: Role;
  readonly org: string | null;
  readonly collection?: string;
}[];

export type PersonName = (typeof PEOPLE)[number]["name"];

/**
 * How a host is. `holding`: its guard holds some bans; `slow`: it answers after
 * seconds; `away`: it was there once; `unwell`: it says that something is wrong.
 */
export type Temper =
  "well" | "observing" | "holding" | "slow" | "away" | "unwell";

export interface HostCast {
  readonly org: string;
  readonly hostname: string;
  readonly tag: string;
  readonly temper: Temper;
  /** Its guard's rule, where it is `holding`; by default "allowed-here". */
  readonly heldBy?: string;
  readonly version: string;
  readonly system: string;
}

/** So many hosts, some of each customer. */
export function castHosts(count: number, chance: Chance): readonly HostCast[] {
  const all = CUSTOMERS.flatMap((customer) => {
    const own = Math.max(2, Math.round(customer.share * count));
    const numbers = new Map<string, number>();
    return Array.from({ length: own }, (_, at): HostCast => {
      const { id: org, kinds } = customer;
      const tag = kinds[at % kinds.length] ?? "web";
      const number = (numbers.get(tag) ?? 0) + 1;
      numbers.set(tag, number);
      const hostname = `${tag}-${String(number).padStart(2, "0")}.${org}.example`;
      // The first few of everybody are well: an attack needs somebody to see it.
      const temper = at < 2 ? "well" : temperOf(chance.part());
      const version = chance.happens(0.85) ? "0.7.0" : "0.6.0";
      return { org, hostname, tag, temper, version, system: systemOf(chance) };
    });
  });
  return all.slice(0, Math.max(count, 2 * CUSTOMERS.length));
}

function temperOf(part: number): Temper {
  const [temper] =
    TEMPERS.find(([, upTo]) => part < upTo) ?? (["well", 1] as const);
  return temper;
}

const TEMPERS = [
  ["observing", 0.07],
  ["holding", 0.12],
  ["slow", 0.15],
  ["away", 0.19],
  ["unwell", 0.22],
] as const satisfies readonly (readonly [Temper, number])[];

const systemOf = (chance: Chance): string =>
  chance.oneOf(["Debian 12", "Debian 12", "Debian 13", "Ubuntu 24.04"]);
