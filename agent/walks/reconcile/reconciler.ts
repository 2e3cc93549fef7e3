import type { Damage } from "../../enforce/disturbance.js";
import {
  NotEnforced,
  RulesetGone,
  type Inspection,
  type KernelState,
  type Posture,
  type Ruleset,
} from "../../enforce/enforcer.js";
import type { Block } from "../../model/block.js";
import type { Cidr } from "../../model/cidr.js";
import type { Entry, RulesetChange } from "../../model/ruleset.js";
import { limits } from "../../protocol/limits.js";
import type { BanClock, UnixSeconds } from "../../runtime/clock.js";
import { unixSeconds } from "../../runtime/clock.js";
import { Mutex } from "../../runtime/mutex.js";

/** The desired state: what reconciling asks of the ledger. */
export interface DesiredState {
  readonly id: number;
  revision(): number;
  changesSince(
    since: number,
    limit: number,
    now: () => number,
  ): Iterable<RulesetChange | "rebuild">;
  entries(size: number, now: UnixSeconds): Iterable<readonly Block[]>;
  /** What the kernel must hold of exactly this range, if anything. */
  effective(cidr: Cidr, now: UnixSeconds): readonly Entry[];
  enforced(revision: number): void;
}

export interface ReconcilerPorts {
  readonly desired: DesiredState;
  readonly enforcer: Ruleset & Pick<Inspection, "repairScaffold">;
  readonly clock: BanClock;
  /** What is to become of packets that a ban matches. */
  posture(): Posture;
  /** The kernel drops these from now on, or has been told everything anew. */
  applied(entries: readonly Entry[] | "all"): void;
  /**
   * Whether this ledger may replace a ruleset that is not its own. A ledger
   * that has just been made knows nothing yet, and the kernel's old bans are
   * better than none.
   */
  readonly mayReplace: () => boolean;
  /** What the kernel counts down; where it is left out, that is always right. */
  readonly timers?: Timers;
}

/** Knows whether the kernel's timeouts end when the bans do. */
export interface Timers {
  timersAreRight(): boolean;
  /** The kernel is about to be told every ban; call what is returned afterwards. */
  telling(): () => void;
}

/** Somebody removes the ruleset as often as it is built; the next try waits. */
export class Contested extends NotEnforced {
  constructor() {
    super("somebody keeps removing the ruleset; the next repair waits");
  }
}

/** The kernel holds another ledger's ruleset, and this one is not complete yet. */
export class NotYetComplete extends NotEnforced {
  constructor() {
    super(
      "the kernel keeps an earlier ledger's bans until this one has every feed",
    );
  }
}

/**
 * Makes the kernel hold what the ledger says, one turn at a time.
 *
 * INVARIANTS
 * - Nothing else in this process changes bans, rules or label in the kernel: only
 *   here are `apply`, `rebuild`, `setPosture` and `repairScaffold` called.
 *   Protected addresses and counts are changed beside it, and are no part of the
 *   ledger.
 * - `reconcile`, `repair` and `whileStill` each take a turn, in the order they
 *   came. Turns do not nest: what runs within one must not wait for another, or
 *   both wait for ever. So a task of `whileStill` asks the enforcer and the ledger,
 *   and calls nothing that reconciles.
 * - Ports are called within a turn. They answer from memory or from the ledger;
 *   `applied` takes note, and does its own work later.
 * - The ledger may change while a turn is held: `reconcile` and `repair` return
 *   only once the kernel carries the revision that the ledger has by then.
 */
export class Reconciler {
  readonly #ports: ReconcilerPorts;
  #holdsOff = () => false;
  readonly #turns = new Mutex();

  constructor(ports: ReconcilerPorts) {
    this.#ports = ports;
  }

  /** Says when somebody keeps undoing this, so that a rebuild has to wait. */
  holdOffWhile(isContested: () => boolean): void {
    this.#holdsOff = isContested;
  }

  /**
   * Returns once the kernel, read back, carries the ledger's revision.
   * Idempotent; cheap when there is nothing to do.
   * @throws NotEnforced when the kernel refuses; it then holds what it had
   */
  reconcile(): Promise<number> {
    return this.#turns.run(() => this.#untilEqual());
  }

  /**
   * Repairs what somebody else has damaged, and reconciles. Where no more than
   * some ranges or the rules are damaged, nothing else is touched.
   * @throws NotEnforced when the kernel refuses
   */
  repair(damage: Damage): Promise<number> {
    return this.#turns.run(async () => {
      try {
        await this.#repair(damage);
      } catch (error) {
        // Disturbed again meanwhile: then all of it is built anew.
        if (!(error instanceof RulesetGone)) throw error;
      }
      return this.#untilEqual();
    });
  }

  /** Runs a task while nothing here changes the kernel. */
  whileStill<T>(task: () => Promise<T>): Promise<T> {
    return this.#turns.run(task);
  }

  async #repair({ depth, ranges }: Damage): Promise<void> {
    const { desired, enforcer } = this.#ports;
    const repaired = depth === "entries" || (await enforcer.repairScaffold());
    const kernel = await enforcer.read();
    if (kernel.at !== "present") return; // it is built anew
    const ours = kernel.ledger === desired.id;
    if (!ours && !this.#ports.mayReplace()) throw new NotYetComplete();
    if (!ours || !repaired || depth === "bans") await this.#rebuild();
    else if (ranges.length > 0) {
      const present = this.#presentStateOf(ranges, kernel.revision);
      await enforcer.apply(present);
      this.#ports.applied(present.put);
    }
    // Until then banned addresses may have got through: their sessions are cut.
    if (depth !== "entries") this.#ports.applied("all");
  }

  /**
   * What the ledger says of these ranges now, as a change that keeps the kernel's
   * revision: the changes after it are applied afterwards.
   */
  #presentStateOf(ranges: readonly Cidr[], revision: number): RulesetChange {
    const { desired } = this.#ports;
    const now = this.#now();
    const put: Entry[] = [];
    const remove: Cidr[] = [];
    for (const cidr of ranges) {
      const entries = desired.effective(cidr, now);
      if (entries.length === 0) remove.push(cidr);
      else put.push(...entries);
    }
    return { revision, put, remove };
  }

  async #untilEqual(): Promise<number> {
    const { desired, enforcer } = this.#ports;
    let afresh = false;
    let repaired = false;
    for (let step = 0; step < MOST_STEPS; step++) {
      await enforcer.setPosture(this.#ports.posture());
      const kernel = await enforcer.read();
      if (kernel.at === "present" && kernel.ledger === desired.id) {
        if (kernel.revision === desired.revision()) {
          desired.enforced(kernel.revision);
          if (this.#timersAreRight()) return kernel.revision;
          afresh = true; // only a rebuild tells all of them
        }
        afresh = !(await this.#advance(afresh ? undefined : kernel.revision));
        continue;
      }
      this.#mustBeAllowed(kernel);
      if (kernel.at === "absent" && !repaired) {
        // Somebody may have damaged no more than the rules a moment ago.
        repaired = true;
        if (await enforcer.repairScaffold()) continue;
      }
      afresh = !(await this.#advance(undefined));
    }
    throw new NotEnforced(
      `the kernel's ruleset was changed by somebody else ${MOST_STEPS} times in a row`,
    );
  }

  /** Whether this ledger may replace what is there, now. */
  #mustBeAllowed(kernel: KernelState): void {
    const { desired, mayReplace } = this.#ports;
    if (kernel.at === "absent") {
      if (this.#holdsOff()) throw new Contested();
    } else if (kernel.ledger !== desired.id && !mayReplace()) {
      throw new NotYetComplete();
    }
  }

  /**
   * Tells the kernel what it lacks. Returns false when it refused a change: what
   * it cannot take as a change, it may take as a whole.
   */
  async #advance(since: number | undefined): Promise<boolean> {
    const { enforcer } = this.#ports;
    try {
      for (const change of this.#changesSince(since)) {
        if (change === "rebuild") await this.#rebuild();
        else await enforcer.apply(change);
        this.#ports.applied(change === "rebuild" ? "all" : change.put);
      }
      return true;
    } catch (error) {
      const mayRebuild =
        error instanceof RulesetGone ||
        (error instanceof NotEnforced && since !== undefined);
      if (mayRebuild) return false;
      throw error;
    }
  }

  /** Incremental, since a revision; full where the kernel holds nothing of ours. */
  #changesSince(
    since: number | undefined,
  ): Iterable<RulesetChange | "rebuild"> {
    if (since === undefined) return ["rebuild"];
    return this.#ports.desired.changesSince(since, SLICE, this.#now);
  }

  async #rebuild(): Promise<void> {
    const { desired, enforcer, timers } = this.#ports;
    const told = timers?.telling();
    const label = { ledger: desired.id, revision: desired.revision() };
    await enforcer.rebuild(
      label,
      inTurns(desired.entries(REBUILD_SLICE, this.#now())),
    );
    told?.();
  }

  #timersAreRight(): boolean {
    return this.#ports.timers?.timersAreRight() ?? true;
  }

  readonly #now = () => unixSeconds(this.#ports.clock.now());
}

/** More than the ops of any segment, so that a segment is one atomic batch. */
const SLICE = limits.segmentOps + 1;

/** What is read and taken in within some 5 ms, so that the event loop turns. */
const REBUILD_SLICE = 3_000;

/** Others may change our table while we look; not for ever. */
const MOST_STEPS = 8;

async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    yield item;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
