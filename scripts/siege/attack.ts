import type { Stage, StageOptions } from "./stage.js";
import type { Target } from "./target.js";

/** One way to harm a host or its cloud, thrown at real processes for a while. */
export interface Attack {
  readonly name: string;
  /** Who does what, for the report. */
  readonly what: string;
  readonly stage?: StageOptions;
  /** Where the attacker is: beyond the cable, or a user of the honest host. */
  readonly from?: "outside" | "host";
  /** What stands on the stage before he comes. */
  prepare?(stage: Stage): Promise<AsyncDisposable>;
  readonly bounds?: Partial<Bounds>;
  /**
   * Harms until the time is over, in a process of its own that shares nothing
   * with those who watch. Returns in words what was thrown.
   */
  throwAt(target: Target): Promise<string>;
  /** What must be so besides, asked while the siege goes on and at its end. */
  holds?(
    stage: Stage,
    moment: "besieged" | "after",
  ): Promise<readonly string[]>;
}

/** Beyond these, an attack has succeeded. */
export interface Bounds {
  /** The most memory of the agent, of the cloud, in MB (RSS). */
  readonly agentMb: number;
  readonly cloudMb: number;
  /** The most that the folders of state may hold, in MB. */
  readonly hostDiskMb: number;
  readonly cloudDiskMb: number;
  /** The longest that an answer of the process may take, in ms. */
  readonly agentSilenceMs: number;
  readonly cloudSilenceMs: number;
  /** From an operator's order to the kernel of an honest host, in ms. */
  readonly honestMs: number;
}

/**
 * The unit's MemoryHigh is 256 MB; a cloud with one customer takes 120 MB. On two
 * cores that the attacker and the watchers share, a second is the scheduler's.
 */
export const BOUNDS: Bounds = {
  agentMb: 200,
  cloudMb: 500,
  hostDiskMb: 64,
  cloudDiskMb: 256,
  agentSilenceMs: 3_000,
  cloudSilenceMs: 3_000,
  honestMs: 5_000,
};
