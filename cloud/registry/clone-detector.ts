import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type {
  BootSeen,
  DeviceWord,
  ObservationEvent,
} from "../journal/observation-events.js";
import { AgentBudgets } from "../rate/agent-budgets.js";

/** A hello, as far as it tells one start of an agent from another. */
export interface Arrival {
  readonly agent: string;
  /** The UUID that this start of the agent drew. */
  readonly boot: string;
  readonly version: string;
  /** Where the connection came from, as the cloud's machine sees it. */
  readonly address: string;
  /** The hello, as the device signed it. */
  readonly evidence: DeviceWord;
}

export interface CloneDetectorPorts {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly log: Logger;
  /** What earlier processes took down of an agent, the newest last. */
  boots(agent: string): readonly BootSeen[];
  /** Whether the pair has been told of, and no operator has seen to it. */
  isTold(agent: string, returned: string, newer: string): boolean;
  /** Takes an event down, soon. */
  note(event: ObservationEvent): void;
}

/**
 * Tells two processes with one key from one that was restarted: a start that
 * comes back after a newer one was here has not ended.
 */
export class CloneDetector {
  readonly #ports: CloneDetectorPorts;
  /** By agent, the newest last. */
  readonly #known = new Map<string, BootSeen[]>();
  /** When what the view may not know of yet was noted, by pair. */
  readonly #noted = new Map<string, number>();
  readonly #budgets: AgentBudgets;

  constructor(ports: CloneDetectorPorts) {
    this.#ports = ports;
    this.#budgets = new AgentBudgets(BUDGET, ports.clock);
  }

  /** Somebody has proved to hold the agent's key. */
  seen(arrival: Arrival): void {
    const known = this.#of(arrival.agent);
    const { boot } = arrival;
    const seen = known.find((each) => each.boot === boot);
    const newest = known.at(-1);
    if (seen === undefined) this.#remember(arrival, known);
    else if (newest !== undefined && newest.boot !== boot) {
      this.#tell(arrival, newest);
    }
  }

  #of(agent: string): BootSeen[] {
    const known = this.#known.get(agent) ?? [...this.#ports.boots(agent)];
    this.#known.set(agent, known);
    return known;
  }

  /** What is not worth the journal any more still counts in this process. */
  #remember(arrival: Arrival, known: BootSeen[]): void {
    const seen = this.#asSeen(arrival);
    known.push(seen);
    if (known.length > MOST_BOOTS) known.shift();
    const { agent } = arrival;
    if (!this.#budgets.of(agent).take()) return;
    this.#ports.note({ kind: "agent-booted", agent, ...seen });
  }

  /** Once for a pair, however often the two take turns, until it is cleared. */
  #tell(arrival: Arrival, newer: BootSeen): void {
    const { agent, boot, evidence } = arrival;
    const pair = `${agent} ${boot} ${newer.boot}`;
    if (this.#isNoted(pair)) return;
    if (this.#ports.isTold(agent, boot, newer.boot)) return;
    if (!this.#budgets.of(agent).take()) return;
    this.#noted.set(pair, this.#ports.clock.monotonic());
    const returned = this.#asSeen(arrival);
    const what = "two processes hold the key of one agent";
    this.#ports.log.error(what, { agent, returned, newer });
    this.#ports.note({
      ...{ kind: "agent-cloned", agent, returned, newer },
      ...evidence,
    });
  }

  #isNoted(pair: string): boolean {
    const now = this.#ports.clock.monotonic();
    for (const [each, at] of this.#noted) {
      if (now - at > NOTED_WITHIN_MS) this.#noted.delete(each);
    }
    return this.#noted.has(pair);
  }

  #asSeen({ boot, version, address }: Arrival): BootSeen {
    const at = this.#ports.clock.now();
    return { boot, version, address, seenAt: at };
  }
}

/** Of one agent: more than a clone has processes. */
export const MOST_BOOTS = 16;

/** By then the journal has what was noted, or never gets it. */
const NOTED_WITHIN_MS = 2_000;

/** What one agent may add to the journal: restarts, and pairs. */
const BUDGET = { perSecond: 1 / 60, burst: 64 };
