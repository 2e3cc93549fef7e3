import type { Enforcer } from "./enforce/enforcer.js";
import type { AgentEvents } from "./events.js";
import type { GuardPolicy, HostFacts } from "./guard/facts.js";
import { protectedRanges } from "./guard/guard.js";

export interface ProtectionPorts {
  readFacts(): Promise<HostFacts>;
  readonly policy: GuardPolicy;
  readonly enforcer: Pick<Enforcer, "protect">;
  readonly events: Pick<AgentEvents, "factsChanged" | "factsUnknown">;
}

/**
 * What no ban may touch on this host, kept fresh: the guard asks it, and the
 * kernel holds the same as ranges that win over every ban.
 */
export class Protection {
  readonly #ports: ProtectionPorts;
  #facts: HostFacts;

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

  /** Reads the facts again; what can't be read stays as it was. */
  async refresh(): Promise<void> {
    try {
      const facts = await this.#ports.readFacts();
      if (JSON.stringify(facts) === JSON.stringify(this.#facts)) return;
      this.#facts = facts;
      await this.#tell();
    } catch (error) {
      this.#ports.events.factsUnknown(error);
    }
  }

  async #tell(): Promise<void> {
    const { enforcer, events, policy } = this.#ports;
    await enforcer.protect(protectedRanges(this.#facts, policy));
    events.factsChanged(this.#facts);
  }
}
