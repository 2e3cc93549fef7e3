import type { Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { ActuatorLimits } from "../journal/operator-events.js";
import type { Danger } from "../journal/two-person-events.js";
import type { Caller } from "../operators/caller.js";
import { isWider, type Widths } from "../decide/widths.js";
import { beyond, Seen } from "./dangers.js";

const MINUTE_MS = 60_000;

/** A machine without limits of its own decides on nothing. */
const NONE: ActuatorLimits = {
  ...{ perMinute: 0, widestV4: 32, widestV6: 128, longestS: 0 },
};

/** Up to where machines' orders are carried out without a person. */
export class MachineLimits {
  readonly #clock: Pick<Clock, "monotonic">;
  /** When each machine gave its orders of the last minute, the oldest first. */
  readonly #lately = new Map<string, number[]>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /**
   * What of an order is beyond them; people have none. Whoever asks has used one
   * of the minute's orders, unless it is a dry run.
   */
  beyond(
    { role, operator, limits }: Pick<Caller, "role" | "operator" | "limits">,
    order: MachineOrder,
  ): readonly Danger[] {
    if (role !== "actuator") return [];
    const { perMinute, longestS, ...widths } = limits ?? NONE;
    const dangers = [...tooWide(order.ranges, widths)];
    const { lasts } = order;
    if ((lasts ?? Infinity) > longestS) {
      const term = lasts === null ? "for ever" : `${lasts} s`;
      const says = `it lasts ${term}, and this machine bans for ${longestS} s at most`;
      dangers.push(beyond("longestS", says));
    }
    if (!this.#take(operator, perMinute, order.dryRun)) {
      const says = `this machine has given its ${perMinute} orders of this minute`;
      dangers.push(beyond("perMinute", says));
    }
    return dangers;
  }

  #take(operator: string, perMinute: number, isDry: boolean): boolean {
    const now = this.#clock.monotonic();
    const times = (this.#lately.get(operator) ?? []).filter(
      (at) => at > now - MINUTE_MS,
    );
    const isWithin = times.length < perMinute;
    if (isWithin && !isDry) times.push(now);
    if (times.length === 0) this.#lately.delete(operator);
    else this.#lately.set(operator, times);
    return isWithin;
  }
}

interface MachineOrder {
  readonly ranges: readonly Cidr[];
  /** Seconds; null is for ever. A lift lasts 0. */
  readonly lasts: number | null;
  readonly dryRun: boolean;
}

function* tooWide(ranges: readonly Cidr[], widths: Widths): Generator<Danger> {
  for (const [family, limit] of WIDTHS) {
    const seen = new Seen();
    for (const range of ranges) {
      if (range.family === family && isWider(range, widths)) seen.add(range);
    }
    if (seen.isEmpty) continue;
    const are = seen.are("is", "are");
    const says = `${seen.toString()} ${are} wider than this machine's /${widths[limit]}`;
    yield beyond(limit, says);
  }
}

const WIDTHS = [
  [4, "widestV4"],
  [6, "widestV6"],
] as const;
