import type { Cidr } from "../../agent/model/cidr.js";
import type { Database, Statement } from "../journal/database.js";
import type { Registry } from "../registry/registry.js";
import { attackerKey, attackerOf } from "../telemetry/remote.js";

/** A rule by which guards of an org's hosts protect an address. */
export interface GuardedBy {
  readonly org: string;
  readonly rule: string;
  readonly hosts: number;
  /** When one of them said so last: milliseconds since 1970. */
  readonly lastSaid: number;
}

/** Finds the guards that held bans on an address. */
export class Guarded {
  readonly #holds: Statement<{ agent: string; rule: string; at: number }>;
  readonly #registry: Pick<Registry, "orgOf">;

  /** @param database the view of what agents said */
  constructor(database: Database, registry: Pick<Registry, "orgOf">) {
    this.#registry = registry;
    this.#holds = database.prepare(
      `SELECT agent, rule, at FROM holds WHERE attacker = ?
       ORDER BY agent LIMIT ${MOST_HOLDS}`,
    );
  }

  /** @param org its hosts alone; null: those of all */
  by(range: Cidr, org: string | null): readonly GuardedBy[] {
    const attacker = attackerOf(range);
    if (attacker === undefined) return [];
    const found = new Map<string, GuardedBy>();
    for (const { agent, rule, at } of this.#holds.all(attackerKey(attacker))) {
      const whose = this.#registry.orgOf(agent);
      if (whose === undefined || (org !== null && whose !== org)) continue;
      const key = `${whose} ${rule}`;
      const known = found.get(key);
      found.set(key, {
        ...{ org: whose, rule, hosts: (known?.hosts ?? 0) + 1 },
        lastSaid: Math.max(known?.lastSaid ?? 0, at),
      });
    }
    return [...found.values()];
  }
}

/** One a host. */
const MOST_HOLDS = 10_000;
