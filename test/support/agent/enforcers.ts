import { DryRunEnforcer } from "../../../agent/enforce/dry-run/dry-run-enforcer.js";
import {
  NotEnforced,
  type Enforcer,
  type Posture,
} from "../../../agent/enforce/enforcer.js";
import type { RulesetChange } from "../../../agent/model/ruleset.js";
import { systemBanClock, type BanClock } from "../../../agent/runtime/clock.js";

/** A kernel that refuses what it is told, as often as a test says. */
export class BalkingEnforcer extends DryRunEnforcer {
  /** Changes still to be refused. */
  refusals: number;
  /** What it was told and took in: "rebuild", "apply". */
  readonly taken: string[] = [];

  constructor(refusals = 0, clock: BanClock = systemBanClock) {
    super(clock);
    this.refusals = refusals;
  }

  override async apply(change: RulesetChange): Promise<void> {
    this.#balk();
    await super.apply(change);
    this.taken.push("apply");
  }

  override async rebuild(
    ...told: Parameters<Enforcer["rebuild"]>
  ): Promise<void> {
    this.#balk();
    await super.rebuild(...told);
    this.taken.push("rebuild");
  }

  #balk(): void {
    if (this.refusals-- > 0) throw new NotEnforced("the kernel is busy");
    this.refusals = 0;
  }
}

/** Takes every ban, and as long as it is stubborn no other posture. */
export class StubbornEnforcer extends DryRunEnforcer {
  stubborn = false;

  constructor() {
    super(systemBanClock);
  }

  override setPosture(posture: Posture): Promise<void> {
    if (!this.stubborn) return super.setPosture(posture);
    return Promise.reject(new NotEnforced("the kernel is stubborn"));
  }
}
