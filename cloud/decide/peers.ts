import type { Clock } from "../../agent/runtime/clock.js";
import type { Database } from "../journal/database.js";
import { attackerKey, attackerOf, readRemote } from "../telemetry/remote.js";

/** Where agents connect from: addresses of customers' own machines or networks. */
export class Peers {
  readonly #clock: Pick<Clock, "now">;
  /** By agent: the addresses of late, and when each was seen last. */
  readonly #byAgent = new Map<string, Map<string, number>>();
  readonly #byAddress = new Map<string, Set<string>>();

  /** @param observed the view of what agents said */
  constructor(observed: Database, clock: Pick<Clock, "now">) {
    this.#clock = clock;
    const boots = observed.prepare<
      unknown[],
      { agent: string; address: string; seenAt: number }
    >(
      "SELECT agent, address, seen_at AS seenAt FROM boots WHERE seen_at > ? ORDER BY seen_at",
    );
    const since = clock.now() - KNOWN_FOR_MS;
    for (const { agent, address, seenAt } of boots.all(since)) {
      this.#note(agent, address, seenAt);
    }
  }

  /** An agent has said hello from an address. */
  came({ agent, address }: { agent: string; address: string }): void {
    this.#note(agent, address, this.#clock.now());
  }

  /** Who connected from there in the last week. */
  at(attacker: string): readonly string[] {
    const since = this.#clock.now() - KNOWN_FOR_MS;
    return [...(this.#byAddress.get(attacker) ?? [])].filter(
      (agent) => (this.#byAgent.get(agent)?.get(attacker) ?? 0) > since,
    );
  }

  #note(agent: string, address: string, at: number): void {
    const remote = readRemote(address);
    const attacker = remote && attackerOf(remote);
    if (attacker === undefined) return;
    const key = attackerKey(attacker);
    const known = this.#byAgent.get(agent) ?? new Map<string, number>();
    this.#byAgent.set(agent, known);
    known.delete(key); // so that it is the newest
    known.set(key, at);
    const there = this.#byAddress.get(key) ?? new Set<string>();
    this.#byAddress.set(key, there.add(agent));
    const [oldest] = known.keys();
    if (known.size > MOST_OF_AN_AGENT && oldest !== undefined) {
      this.#forget(agent, oldest);
    }
  }

  #forget(agent: string, address: string): void {
    this.#byAgent.get(agent)?.delete(address);
    const there = this.#byAddress.get(address);
    there?.delete(agent);
    if (there?.size === 0) this.#byAddress.delete(address);
  }
}

const KNOWN_FOR_MS = 7 * 24 * 60 * 60 * 1000;

/** One that moves about displaces its own addresses only. */
const MOST_OF_AN_AGENT = 16;
