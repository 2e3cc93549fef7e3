import {
  both,
  tell,
  type Damage,
  type Disturbance,
} from "../../enforce/disturbance.js";
import { CannotEnforce, type Inspection } from "../../enforce/enforcer.js";
import {
  CALM,
  next,
  PACE,
  type RepairBackoff,
  type Pace,
} from "../../enforce/repair-backoff.js";
import type { AgentEvents } from "../../events/events.js";
import type { Clock } from "../../runtime/clock.js";

export interface RepairerPorts {
  readonly enforcer: Pick<Inspection, "watch">;
  /** Returns once the kernel holds what the ledger says. */
  readonly repair: (damage: Damage) => Promise<void>;
  /** Something may have been missed: everything is to be looked at. */
  readonly missed: () => void;
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  readonly events: Pick<AgentEvents, "deaf" | "healed" | "notHealed">;
  /** How many repairs are made at once, and how long the others wait. */
  readonly pace?: Pace;
}

/** Told of each disturbance once it was put right, or could not be. */
export type Tell = (detail: string) => void;

/**
 * Repairs what others do to the ruleset, as soon as it is heard. Against who never
 * stops, repairs back off, and the bans stay in the ledger.
 *
 * INVARIANTS
 * - At most one repair is under way. What is disturbed meanwhile is added to
 *   `#pending`, and the next repair does all of it at once.
 * - `disturbed` is called from the netlink listener and from the audit. It takes
 *   note and returns; it never waits for a repair.
 * - A repair takes the reconciler's turn, so nobody may call `disturbed` and then
 *   wait for its repair while they hold that turn.
 * - While a repair waits (`waits`), the reconciler builds no absent ruleset anew:
 *   whoever removes it sets the pace for both.
 */
export class Repairer implements AsyncDisposable {
  readonly #ports: RepairerPorts;
  readonly #watch: AsyncDisposable | undefined;
  readonly #stop = new AbortController();
  #backoff: RepairBackoff = CALM;
  #opponent = "";
  #pending: Pending | undefined;
  /** The repair under way, or waiting for its time. */
  #repairing: Promise<void> | undefined;
  #waits = false;
  #tell: Tell | undefined;
  #untold: string[] = [];
  #healed = 0;

  /** Listens from now on, if it can. */
  constructor(ports: RepairerPorts) {
    this.#ports = ports;
    this.#watch = this.#listen();
  }

  /** Has this repaired; also what was found rather than heard of. */
  disturbed(disturbance: Disturbance): void {
    const heardAt = this.#ports.clock.monotonic();
    const before = this.#pending;
    this.#pending = {
      damage: before ? both(before.damage, disturbance) : disturbance,
      told: [...(before?.told ?? []), disturbance].slice(0, MOST_TOLD),
      heardAt: before?.heardAt ?? heardAt,
    };
    this.#repairing ??= this.#repair().finally(() => {
      this.#repairing = undefined;
    });
  }

  /** Tells of what was disturbed from now on, and of what was until now. */
  tellTo(tell: Tell): void {
    this.#tell = tell;
    for (const line of this.#untold.splice(0)) tell(line);
  }

  /** Whether a repair waits, so that nobody else shall begin one. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Repairs since the start. */
  get healed(): number {
    return this.#healed;
  }

  /** Who keeps undoing the bans, if anybody does. */
  get contested(): string | undefined {
    const now = this.#ports.clock.monotonic();
    const backoff = next(this.#backoff, { kind: "time passed", now });
    if (backoff.at !== "contested") return undefined;
    const seconds = Math.round(backoff.waitMs / 1000);
    return `${this.#opponent}, ${backoff.repairs} times so far; the last repair waited ${seconds} s`;
  }

  /** What waits is left to the next start; a repair under way is ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watch?.[Symbol.asyncDispose]();
    await this.#repairing;
  }

  #listen(): AsyncDisposable | undefined {
    const { enforcer, events, missed } = this.#ports;
    try {
      return enforcer.watch({
        disturbed: (disturbance) => this.disturbed(disturbance),
        missed,
        listenerLost: (why) => events.deaf(why),
      });
    } catch (error) {
      if (!(error instanceof CannotEnforce)) throw error;
      events.deaf(error); // the audit still looks
      return undefined;
    }
  }

  async #repair(): Promise<void> {
    const { clock, pace } = this.#ports;
    while (this.#pending !== undefined && !this.#stop.signal.aborted) {
      const event = { kind: "disturbed", now: clock.monotonic() } as const;
      this.#backoff = next(this.#backoff, event, pace ?? PACE);
      this.#opponent = opponentIn(this.#pending.told);
      if (!(await this.#waited(this.#backoff))) return;
      const pending = this.#pending;
      this.#pending = undefined;
      await this.#repairOnce(pending);
    }
  }

  /** False when it was stopped before the time had come. */
  async #waited(backoff: RepairBackoff): Promise<boolean> {
    if (backoff.at === "calm" || backoff.waitMs === 0) return true;
    const { signal } = this.#stop;
    this.#waits = true;
    await this.#ports.clock
      .sleep(backoff.waitMs, signal)
      .catch(() => undefined);
    this.#waits = false;
    return !signal.aborted;
  }

  async #repairOnce({ damage, told, heardAt }: Pending): Promise<void> {
    const { clock, events } = this.#ports;
    let outcome: string;
    try {
      await this.#ports.repair(damage);
      const tookMs = clock.monotonic() - heardAt;
      this.#healed++;
      outcome = `put right after ${Math.max(1, Math.round(tookMs))} ms`;
      for (const each of told) events.healed(tell(each), tookMs);
    } catch (error) {
      outcome = "not put right yet";
      for (const each of told) events.notHealed(tell(each), error);
    }
    for (const each of told) this.#say(`${tell(each)}; ${outcome}`);
  }

  #say(line: string): void {
    if (this.#tell !== undefined) this.#tell(line);
    else if (this.#untold.length < MOST_TOLD) this.#untold.push(line);
  }
}

/** What one repair is to put right. */
interface Pending {
  readonly damage: Damage;
  readonly told: readonly Disturbance[];
  readonly heardAt: number;
}

/** Named of one repair: what came beyond is repaired all the same. */
const MOST_TOLD = 64;

function opponentIn(told: readonly Disturbance[]): string {
  const { name = "", pid = 0 } = told.at(-1)?.by ?? {};
  if (name === "") return "an unknown process";
  return pid === 0 ? name : `${name} (pid ${pid})`;
}
