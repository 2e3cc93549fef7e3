import type { Inspection } from "../../enforce/enforcer.js";
import type { AgentEvents } from "../../events/events.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { BanClock } from "../../runtime/clock.js";
import { Lifetime } from "../../runtime/lifetime.js";
import { schedule } from "../../runtime/schedule.js";
import { Audit, type AuditView } from "./audit.js";
import type { Reconciler } from "./reconciler.js";
import { Repairer, type Tell } from "./repair.js";
import type { ReconcileRetries } from "./retries.js";

export interface DriftControlPorts {
  readonly ledger: Ledger;
  readonly enforcer: Inspection;
  readonly reconciler: Reconciler;
  readonly enforcement: ReconcileRetries;
  readonly clock: BanClock;
  readonly events: AgentEvents;
}

/** How the kernel has been kept equal to the ledger since the start. */
export interface DriftView {
  /** Disturbances that were put right. */
  readonly healed: number;
  /** Who keeps undoing the bans; null while nobody does. */
  readonly contested: string | null;
  readonly audit: AuditView;
}

/**
 * Keeps the kernel as the ledger says, whoever changes it: at once where it is
 * heard of, and by looking where it is not.
 */
export class DriftControl implements AsyncDisposable {
  readonly #repairer: Repairer;
  readonly #audit: Audit;
  readonly #opened = new Lifetime();

  /** Listens and repairs from now on. */
  constructor(ports: DriftControlPorts) {
    const { enforcement, clock, events } = ports;
    this.#audit = new Audit({
      ...ports,
      disturbed: (disturbance) => this.#repairer.disturbed(disturbance),
      enforce: () => enforcement.enforce(),
      repair: (damage) => enforcement.repair(damage),
    });
    this.#repairer = new Repairer({
      ...{ enforcer: ports.enforcer, clock, events },
      repair: (damage) => enforcement.repair(damage),
      missed: () => void this.#audit.everything(),
    });
    this.#opened.own(this.#audit);
    this.#opened.own(this.#repairer);
  }

  /** Looks from now on; before, the kernel may hold what an earlier run left. */
  startLooking(): void {
    this.#opened.own(schedule({ everyMs: 60_000 }, () => this.#audit.look()));
    this.#opened.own(schedule({ everyMs: 10_000 }, () => this.#audit.step()));
  }

  /** Tells of each disturbance from now on, and of those until now. */
  tellTo(tell: Tell): void {
    this.#repairer.tellTo(tell);
  }

  /** Whether a repair waits, since somebody keeps undoing them. */
  get waits(): boolean {
    return this.#repairer.waits;
  }

  get view(): DriftView {
    const { healed, contested = null } = this.#repairer;
    return { healed, contested, audit: this.#audit.view };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}
