import { shipped, tierNames } from "../../agent/guard/tiers.js";
import { overlaps, type Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Database, Statement } from "../journal/database.js";
import type { Veto } from "../journal/decision-events.js";
import type { Registry } from "../registry/registry.js";
import type { NeverList } from "./never.js";
import type { Peers } from "./peers.js";
import type { Proposals } from "./proposals.js";

export interface VetoPorts {
  readonly clock: Pick<Clock, "now">;
  readonly never: Pick<NeverList, "exempts">;
  readonly peers: Pick<Peers, "at">;
  readonly registry: Pick<Registry, "agent" | "orgOf">;
  readonly proposals: Pick<Proposals, "openOf">;
}

/**
 * Why a person decides on a range, and not a rule. Nothing of it exempts anybody
 * for good: an attacker can enrol a server of his own, and a guard can hold what
 * it likes.
 */
export class Vetoes {
  readonly #ports: VetoPorts;
  readonly #holds: Statement<{ agent: string; rule: string }>;

  /** @param observed the view of what agents said */
  constructor(observed: Database, ports: VetoPorts) {
    this.#ports = ports;
    this.#holds = observed.prepare(
      `SELECT agent, rule FROM holds WHERE attacker = ? AND at > ?
       ORDER BY at DESC`,
    );
  }

  /** @throws BadNeverList, and then nothing may be banned */
  on(attacker: string, range: Cidr): Veto | undefined {
    if (this.#ports.never.exempts(range) === "never-list") {
      return { why: "never-list" };
    }
    return this.#agentAt(attacker) ?? sharedBy(range) ?? this.#heldBy(attacker);
  }

  #agentAt(attacker: string): Veto | undefined {
    for (const id of this.#ports.peers.at(attacker)) {
      const agent = this.#ports.registry.agent(id);
      if (agent === undefined || agent.revokedAt !== null) continue;
      return { why: "agent", agent: id, org: agent.org };
    }
    return undefined;
  }

  /**
   * An org has so many vetoes open at a time; beyond, its guard guards it alone.
   * However many hosts it has, they stand before no other org's.
   */
  #heldBy(attacker: string): Veto | undefined {
    const since = this.#ports.clock.now() - HOLDS_FOR_MS;
    const asked = new Set<string>();
    for (const { agent, rule } of this.#holds.iterate(attacker, since)) {
      const org = this.#ports.registry.orgOf(agent);
      if (org === undefined || asked.has(org)) continue;
      if (asked.size >= MOST_HOLDING_ORGS) break;
      asked.add(org);
      if (this.#ports.proposals.openOf("held", org) >= MOST_HELD) continue;
      return { why: "held", agent, org, rule };
    }
    return undefined;
  }
}

/** Many live behind these addresses, whoever of them attacks. */
function sharedBy(range: Cidr): Veto | undefined {
  const tier = tierNames.find((name) =>
    shipped[name].some((each) => overlaps(each, range)),
  );
  return tier && { why: "tier", tier };
}

/** A guard that still needs the address says so again. */
const HOLDS_FOR_MS = 7 * 24 * 60 * 60 * 1000;

/** Proposals for which one org's guards are the reason, at a time. */
const MOST_HELD = 20;

/** Orgs that are asked after, of an address that everybody holds. */
const MOST_HOLDING_ORGS = 32;
