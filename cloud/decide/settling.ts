import type { FeedName } from "../../agent/model/position.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { isoTime } from "../../agent/text/time.js";
import type {
  DecisionEvent,
  ProposalSettled,
} from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Decision } from "./deeds.js";
import { SEES_NOTHING, type Watch } from "./order-ports.js";

/** A proposal that nobody can decide on any more, or never could. */
export class NotOpen extends Error {
  override readonly name = "NotOpen";
}

/** What waits for a person until it is settled, or runs out: in ms since 1970. */
export interface Settleable {
  readonly verdict: ProposalSettled["verdict"] | null;
  readonly settledBy: string | null;
  readonly expiresAt: number;
}

export interface SettlingPorts<T extends Settleable> {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly clock: Pick<Clock, "now">;
  find(id: string): T | undefined;
  /** Said of what ran out: what becomes of it then. */
  readonly later?: string;
}

/** Has proposals decided on once, by one person at a time. */
export class Settling<T extends Settleable> {
  readonly #ports: SettlingPorts<T>;
  readonly #taken = new Set<string>();

  constructor(ports: SettlingPorts<T>) {
    this.#ports = ports;
  }

  /**
   * Hands a proposal to one person, until disposed.
   * @throws NotOpen
   */
  take(id: string): Disposable & { readonly proposal: T } {
    const proposal = this.#unsettled(id);
    const { expiresAt } = proposal;
    if (expiresAt <= this.#ports.clock.now()) {
      const { later = "" } = this.#ports;
      throw new NotOpen(`${id} ran out at ${isoTime(expiresAt)}${later}`);
    }
    if (this.#taken.has(id)) {
      throw new NotOpen(`somebody else decides on ${id} just now`);
    }
    this.#taken.add(id);
    return { proposal, [Symbol.dispose]: () => void this.#taken.delete(id) };
  }

  /** @throws NotOpen when somebody else was first */
  async settle(settled: Settled): Promise<void> {
    await lookThenAppend(this.#ports.decisions, () => {
      this.#unsettled(settled.proposal);
      const event = { kind: "proposal-settled", ...settled } as const;
      return { events: [event], answer: undefined };
    });
  }

  /**
   * Carries out what is released, and settles it in one append with the decision
   * in the last of its feeds: what ends half way stays open, to be released again.
   */
  async release(
    settled: Settled,
    feeds: readonly FeedName[],
    act: (watch: Watch) => Promise<readonly Decision[]>,
  ): Promise<readonly Decision[]> {
    const beside = { isSettled: false };
    const along = (decision: string, feed: FeedName): DecisionEvent[] => {
      if (feed !== feeds.at(-1)) return [];
      beside.isSettled = true;
      return [{ kind: "proposal-settled", ...settled, decision }];
    };
    const decisions = await act({ ...SEES_NOTHING, along });
    if (beside.isSettled) return decisions;
    const decision = decisions.at(-1)?.decision;
    await this.settle({ ...settled, ...(decision && { decision }) });
    return decisions;
  }

  /** @throws NotOpen */
  #unsettled(id: string): T {
    const proposal = this.#ports.find(id);
    if (proposal === undefined) throw new NotOpen(`there is no proposal ${id}`);
    const { verdict, settledBy } = proposal;
    if (verdict === null) return proposal;
    throw new NotOpen(`${id} was ${verdict} by ${settledBy ?? ""} already`);
  }
}

type Settled = Omit<ProposalSettled, "kind">;
