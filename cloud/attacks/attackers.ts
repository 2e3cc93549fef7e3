import type { Cidr } from "../../agent/model/cidr.js";
import { parseListedCidr } from "../../agent/model/cidr.js";
import type { Database, Statement } from "../journal/database.js";
import { boundsOf } from "../telemetry/remote.js";
import { ANYBODY } from "./anybody.js";

/** By what attackers are sorted: what is most, or newest, comes first. */
export const attackerOrders = ["last", "failures", "packets"] as const;
export type AttackerOrder = (typeof attackerOrders)[number];

/**
 * Somebody whom hosts saw: all that is kept of them, of one org, or of all together.
 * Times in ms since 1970.
 */
export interface Attacker {
  /** An address, or a /64. */
  readonly attacker: string;
  readonly cidr: Cidr;
  /** Log-ins that failed, as sensors counted. */
  readonly failures: number;
  /** That bans matched; of these, those that were not dropped. */
  readonly packets: number;
  readonly observed: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly sensors: readonly string[];
  /** At least: of an org not more than `MOST_HOSTS` are told apart. */
  readonly hosts: number;
  readonly orgs: number;
}

/** Where an attacker stands in an order: the value that it goes by, and its name. */
export type AttackerPlace = readonly [value: number, attacker: string];

export interface AttackersAsked {
  /** Whose hosts saw them; null: anybody's. */
  readonly org: string | null;
  readonly order: AttackerOrder;
}

/** Finds attackers; changes nothing. */
export class Attackers {
  readonly #behind: Readonly<Record<AttackerOrder, Statement<Row>>>;
  readonly #within: Statement<Row>;
  readonly #orgsOf: Statement<string>;
  readonly #hostsOf: Statement<string>;

  /** @param database the view of what agents said */
  constructor(database: Database) {
    const behind = (column: string): Statement<Row> =>
      database.prepare(
        `${ROWS} WHERE org = @org AND (${column}, attacker) < (@value, @attacker)
         ORDER BY ${column} DESC, attacker DESC LIMIT @most`,
      );
    this.#behind = {
      last: behind("last_seen"),
      failures: behind("failures"),
      packets: behind("packets"),
    };
    this.#within = database.prepare(
      `${ROWS} WHERE org = @org AND family = @family
         AND address BETWEEN @low AND @high LIMIT @most`,
    );
    this.#orgsOf = database
      .prepare<unknown[], string>(
        `SELECT org FROM attackers WHERE attacker = ? AND org <> '${ANYBODY}'
         ORDER BY org LIMIT ?`,
      )
      .pluck();
    this.#hostsOf = database
      .prepare<unknown[], string>(
        `SELECT h.agent FROM attackers a
         JOIN attacker_hosts h ON h.attacker = a.id
         WHERE a.attacker = @attacker AND (@org IS NULL OR a.org = @org)
         LIMIT @most`,
      )
      .pluck();
  }

  /** Those behind a place, at most so many; undefined: from the first on. */
  behind(
    { org, order }: AttackersAsked,
    place: AttackerPlace | undefined,
    most: number,
  ): readonly Attacker[] {
    const [value, attacker] = place ?? [Number.MAX_SAFE_INTEGER, "~"];
    const asked = { org: org ?? ANYBODY, value, attacker, most };
    return this.#behind[order].all(asked).map(attackerOf);
  }

  /** Those in a range, in no order; at most so many. */
  within(range: Cidr, org: string | null, most: number): readonly Attacker[] {
    const asked = { ...boundsOf(range), org: org ?? ANYBODY, most };
    return this.#within.all(asked).map(attackerOf);
  }

  /** Whose hosts saw them, in alphabetical order; at most so many. */
  orgsOf(attacker: string, most: number): readonly string[] {
    return this.#orgsOf.all(attacker, most);
  }

  /** Agents of hosts that saw them; at most so many. */
  hostsOf(
    attacker: string,
    org: string | null,
    most: number,
  ): readonly string[] {
    return this.#hostsOf.all({ attacker, org, most });
  }
}

/** Where one stands in an order. */
export const placeOf = (
  { attacker, ...each }: Attacker,
  order: AttackerOrder,
): AttackerPlace => [order === "last" ? each.lastSeen : each[order], attacker];

interface Row extends Omit<Attacker, "cidr" | "sensors"> {
  readonly sensors: string;
}

const ROWS = `
  SELECT attacker, failures, packets, observed, first_seen AS firstSeen,
    last_seen AS lastSeen, sensors, hosts, orgs
  FROM attackers`;

const attackerOf = ({ sensors, ...row }: Row): Attacker => ({
  ...row,
  // A row of an org's own says of no others.
  orgs: Math.max(1, row.orgs),
  cidr: parseListedCidr(row.attacker),
  sensors: JSON.parse(sensors) as string[],
});
