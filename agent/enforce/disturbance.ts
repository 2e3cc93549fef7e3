import type { Cidr } from "../model/cidr.js";

/** What of the ruleset is damaged, and so what it takes to repair it. */
export interface Damage {
  readonly depth: Depth;
  /** Ranges of which entries were added or removed, each once. */
  readonly ranges: readonly Cidr[];
}

/**
 * `entries`: no more than the ranges that are named. `rules`: also what stands
 * around the entries. `bans`: so many entries that all count as lost.
 */
export type Depth = "entries" | "rules" | "bans";

/** What somebody else did to the ruleset in one change. */
export interface Disturbance extends Damage {
  /** Undefined where it was found rather than heard of. */
  readonly by: Author | undefined;
  /** For people: "removed 3 bans and rules of in4". */
  readonly what: string;
}

/** A process that changed the ruleset. */
export interface Author {
  /** As the machine counts processes, not as a container does; 0: unknown. */
  readonly pid: number;
  /** The first 15 characters of its name; "" when unknown. */
  readonly name: string;
}

/** Who is told at once of what others do to the ruleset. */
export interface Watcher {
  disturbed(disturbance: Disturbance): void;
  /** Something may have happened that was not heard. */
  missed(): void;
  /** Nothing will be heard any more. */
  listenerLost(why: unknown): void;
}

/** Both together; what is too much for one look counts as all lost. */
export function both(a: Damage, b: Damage): Damage {
  const depth = DEPTHS[Math.max(rank(a), rank(b))] ?? "bans";
  const ranges = [...a.ranges, ...b.ranges];
  if (ranges.length > MOST_RANGES) return { depth: "bans", ranges: [] };
  return { depth, ranges };
}

/** "nft (pid 4711) removed the table" */
export function tell({ by, what }: Disturbance): string {
  if (by === undefined) return what;
  const name = by.name === "" ? "an unknown process" : by.name;
  return `${name}${by.pid === 0 ? "" : ` (pid ${by.pid})`} ${what}`;
}

/** As many as one batch repairs. */
export const MOST_RANGES = 4_096;

const DEPTHS: readonly Depth[] = ["entries", "rules", "bans"];

const rank = ({ depth }: Damage): number => DEPTHS.indexOf(depth);
