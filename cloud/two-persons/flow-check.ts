import { limits } from "../../agent/protocol/limits.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { TooManyQuestions, type Impact } from "../impact/impact.js";
import { TokenBucket } from "../rate/token-bucket.js";
import type { FlowsFound } from "./dangers.js";
import type { TwoPersonsSettings } from "./settings.js";

export interface FlowPorts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly impact: Pick<Impact, "ask">;
}

/**
 * Asks hosts what a ban would cut, before it is judged. A host answers twelve
 * questions a minute, and people ask as well: orders use half of that, and what
 * comes faster is not asked about.
 */
export class FlowCheck {
  readonly #ports: FlowPorts;
  readonly #flows: TwoPersonsSettings["flows"];
  readonly #budgets = new Map<FeedName, TokenBucket>();

  constructor(ports: FlowPorts, { flows }: Pick<TwoPersonsSettings, "flows">) {
    this.#ports = ports;
    this.#flows = flows;
  }

  /** More than so many hosts are too many for one person; null: nobody asks. */
  get most(): number | null {
    return this.#flows?.hosts ?? null;
  }

  /** Undefined where nobody is asked. Of many ranges, the widest are asked about. */
  async ask(
    feed: FeedName,
    ranges: readonly Cidr[],
  ): Promise<FlowsFound | undefined> {
    if (this.#flows === null || !this.#budgetOf(feed).take()) return undefined;
    const asked = [...ranges]
      .sort((a, b) => sizeOf(b) - sizeOf(a))
      .slice(0, limits.impactRanges);
    try {
      const { impact } = this.#ports;
      const order = { share: `check ${feed}`, feed, ranges: asked };
      return await impact.ask(order, this.#flows.withinMs);
    } catch (error) {
      if (error instanceof TooManyQuestions) return undefined;
      throw error;
    }
  }

  #budgetOf(feed: FeedName): TokenBucket {
    const known = this.#budgets.get(feed);
    const budget = known ?? new TokenBucket(RATE, this.#ports.clock);
    this.#budgets.delete(feed);
    this.#budgets.set(feed, budget);
    const [oldest] = this.#budgets.keys();
    if (this.#budgets.size > MOST_FEEDS && oldest) this.#budgets.delete(oldest);
    return budget;
  }
}

/** Bits that are free, so that ranges of both families compare. */
const sizeOf = ({ family, prefix }: Cidr): number =>
  (family === 4 ? 32 : 64) - prefix;

/** Half of what a host answers. */
const RATE = { perSecond: 6 / 60, burst: 6 };

/** Whose budget is remembered at a time. */
const MOST_FEEDS = 1_000;
