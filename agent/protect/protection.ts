import type { Ruleset } from "../enforce/enforcer.js";
import type { AgentEvents } from "../events/events.js";
import type { GuardPolicy, HostFacts } from "../guard/facts.js";
import { protectedRanges } from "../guard/guard.js";
import { formatCidr, type Cidr } from "../model/cidr.js";
import { Mutex } from "../runtime/mutex.js";

export interface ProtectionPorts {
  /** Needs no network. */
  readFacts(): Promise<HostFacts>;
  lookUpCloud(): Promise<void>;
  readonly policy: GuardPolicy;
  readonly enforcer: Pick<Ruleset, "protect">;
  readonly events: Pick<AgentEvents, "factsChanged" | "factsUnknown">;
}

/**
 * What no ban may touch on this host, kept fresh: the guard asks it, and the
 * kernel holds the same as ranges that win over every ban.
 */
export class Protection {
  readonly #ports: ProtectionPorts;
  readonly #turns = new Mutex();
  #facts: HostFacts;
  /** What the enforcer has taken in. */
  #told: string | undefined;

  private constructor(ports: ProtectionPorts, facts: HostFacts) {
    this.#ports = ports;
    this.#facts = facts;
  }

  /** Reads the facts and puts them into the kernel, before any ban gets there. */
  static async start(ports: ProtectionPorts): Promise<Protection> {
    const protection = new Protection(ports, await ports.readFacts());
    await protection.#tell();
    return protection;
  }

  get facts(): HostFacts {
    return this.#facts;
  }

  /** Asks where the cloud is, which may take its time, and refreshes. */
  async lookAround(): Promise<void> {
    await this.#ports.lookUpCloud();
    await this.refresh();
  }

  /** Reads the facts again; what can't be read or told stays to be done. */
  async refresh(): Promise<void> {
    try {
      await this.renew();
    } catch (error) {
      this.#ports.events.factsUnknown(error);
    }
  }

  /**
   * Reads the facts again, and returns once the kernel lets those addresses pass
   * that they protect. @throws NotEnforced
   */
  renew(): Promise<void> {
    return this.#turns.run(async () => {
      this.#facts = await this.#ports.readFacts();
      if (digest(this.#facts) !== this.#told) await this.#tell();
    });
  }

  /** The same once what is configured is another. @throws NotEnforced */
  settled(): Promise<void> {
    this.#told = undefined;
    return this.renew();
  }

  async #tell(): Promise<void> {
    const { enforcer, events, policy } = this.#ports;
    const facts = this.#facts;
    await enforcer.protect(protectedRanges(facts, policy));
    this.#told = digest(facts);
    events.factsChanged(facts);
  }
}

/** Alike for the same addresses in whatever order: name servers turn them. */
function digest(facts: HostFacts): string {
  const { own, gateways, resolvers, dhcpServers } = facts;
  const { sessions, cloud, released, allowed, ownBans } = facts;
  const inOrder = (cidrs: readonly Cidr[]) => cidrs.map(formatCidr).sort();
  const all = [
    ...[own, gateways, resolvers, dhcpServers],
    ...[sessions, cloud, released, allowed.all, ownBans],
  ];
  return JSON.stringify(all.map(inOrder));
}
