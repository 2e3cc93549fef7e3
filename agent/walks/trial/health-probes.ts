import { formatCidr, type Cidr } from "../../model/cidr.js";

/** Where the signs are read. */
export interface HealthProbesPorts {
  readonly gateways: () => readonly Cidr[];
  readonly resolvers: () => readonly Cidr[];
  /** Those that do not answer. */
  readonly lostAmong: (gateways: readonly Cidr[]) => Promise<readonly Cidr[]>;
  readonly anyAnswers: (resolvers: readonly Cidr[]) => Promise<boolean>;
  /** Open flows that this host began. */
  readonly flowsBegunHere: () => Promise<number>;
  /** How many of them bans have cut, since the agent started. */
  readonly flowsCut: () => number;
}

/**
 * Whether this host still lives as it did before a change: it reaches its routers
 * and resolvers, and keeps what it had open. What did not work before the change
 * is not blamed on it.
 */
export class HealthProbes {
  readonly #ports: HealthProbesPorts;
  /** How many flows there were at the latest looks. */
  #flows: readonly number[] = [];
  /** How many had been cut by then. */
  #cut = 0;
  #lost: ReadonlySet<string> = new Set();
  #resolved = false;
  #looks = 0;

  constructor(ports: HealthProbesPorts) {
    this.#ports = ports;
  }

  /** Takes note of how things stand while nothing is on trial. */
  async look(): Promise<void> {
    const { gateways, resolvers, lostAmong, anyAnswers } = this.#ports;
    this.#cut = this.#ports.flowsCut();
    if (this.#looks % FLOW_LOOKS === 0) {
      const flows = await this.#ports.flowsBegunHere();
      this.#flows = [...this.#flows, flows].slice(-FLOWS_KEPT);
    }
    const lost = await lostAmong(gateways());
    this.#lost = new Set(lost.map(formatCidr));
    if (this.#looks++ % RESOLVER_LOOKS === 0) {
      this.#resolved = await anyAnswers(resolvers());
    }
  }

  /** What is not as it was; nothing when all is well. */
  async missing(): Promise<readonly string[]> {
    const { gateways, resolvers, lostAmong, anyAnswers } = this.#ports;
    const missing: string[] = [];
    const lost = (await lostAmong(gateways())).map(formatCidr);
    for (const each of lost.filter((gateway) => !this.#lost.has(gateway))) {
      missing.push(`the router ${each} does not answer`);
    }
    const flows = await this.#ports.flowsBegunHere();
    const cut = this.#ports.flowsCut() - this.#cut;
    if (cut > flows) {
      missing.push(
        `bans cut ${cut} of ${cut + flows} flows that this host began`,
      );
    }
    const before = Math.max(0, ...this.#flows);
    if (before >= FEW_FLOWS && flows < before / 2) {
      missing.push(`${flows} of ${before} flows that this host began are left`);
    }
    if (this.#resolved && !(await anyAnswers(resolvers()))) {
      missing.push("no resolver answers");
    }
    return missing;
  }
}

/** A minute of looks: to count flows is not for nothing where there are many. */
const FLOW_LOOKS = 6;
const FLOWS_KEPT = 3;

/** Ten minutes of looks: who resolves names need not be asked all the time. */
const RESOLVER_LOOKS = 60;

/** Of fewer, half may end at any moment by themselves. */
const FEW_FLOWS = 8;
