import { setImmediate as nextTurn } from "node:timers/promises";
import type { FeedName } from "../../agent/model/position.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import { feedsOf } from "../feeds/audience.js";
import type { Database, Statement } from "../journal/database.js";
import type { Agent } from "../registry/registry.js";
import type { TrialEnd } from "../telemetry/statements.js";
import type { TakenBack } from "../telemetry/telemetry.js";
import { keptReceipt } from "./kept-receipt.js";
import {
  outcomeOf,
  type Around,
  type Heard,
  type HostOutcome,
} from "./outcome.js";

export interface OutcomesPorts {
  readonly agents: () => readonly Agent[];
  readonly isConnected: (agent: string) => boolean;
  /** When it was last heard; undefined where this process has not heard it. */
  readonly heardAt: (agent: string) => number | undefined;
  /** What hosts told to have taken back behind an observation. */
  readonly takenBack: (after: number) => readonly TakenBack[];
  /** How trials of a feed ended, as devices stated behind an observation. */
  readonly trialEnds: (feed: FeedName, after: number) => readonly TrialEnd[];
  readonly clock: { now(): number };
}

/** Tells host by host what became of a decision. */
export class Outcomes {
  readonly #ports: OutcomesPorts;
  readonly #during: Statement<ReceiptRow>;
  readonly #later: Statement<ReceiptRow>;
  readonly #refusal: Statement<{
    readonly code: string;
    readonly detail: string;
  }>;

  constructor(database: Database, ports: OutcomesPorts) {
    this.#ports = ports;
    this.#during = database.prepare(
      `SELECT last, receipt FROM receipts
       WHERE agent = ? AND feed = ? AND epoch = ? AND last BETWEEN ? AND ?
       ORDER BY last, seq LIMIT ${MOST_RECEIPTS}`,
    );
    this.#later = database.prepare(
      `SELECT last, receipt FROM receipts
       WHERE agent = ? AND feed = ? AND epoch = ? AND last > ?
       ORDER BY last, seq LIMIT 1`,
    );
    this.#refusal = database.prepare(
      `SELECT code, detail FROM refusals
       WHERE agent = ? AND feed = ? AND seq > ? ORDER BY seq DESC LIMIT 1`,
    );
  }

  /**
   * All hosts that have to carry it out, those that were sent away left out.
   * @param org its hosts alone; null: those of all
   */
  async of(
    decision: DecisionEntry,
    org: string | null = null,
  ): Promise<readonly HostOutcome[]> {
    const { agents } = this.#ports;
    const { feed, seen } = decision;
    const back = byAgent(this.#ports.takenBack(seen));
    const ends = byAgent(this.#ports.trialEnds(feed, seen));
    const outcomes: HostOutcome[] = [];
    for (const agent of agents()) {
      if (agent.revokedAt !== null) continue;
      if (org !== null && agent.org !== org) continue;
      if (!feedsOf(agent.org).includes(feed)) continue;
      if (outcomes.length % HOSTS_A_TURN === HOSTS_A_TURN - 1) await nextTurn();
      const takenBack = back.get(agent.id) ?? [];
      const trialEnds = ends.get(agent.id) ?? [];
      outcomes.push(this.#outcome(decision, agent, { takenBack, trialEnds }));
    }
    return outcomes;
  }

  #outcome(
    decision: DecisionEntry,
    agent: Agent,
    own: Pick<Around, "takenBack" | "trialEnds">,
  ): HostOutcome {
    const { isConnected, heardAt, clock } = this.#ports;
    const { id, hostname, org, lastSeen } = agent;
    const heard = this.#heard(decision, id);
    const connected = isConnected(id);
    const said = outcomeOf(decision, heard, { ...own, now: clock.now() });
    const isLost = said.state === "waiting" && !connected;
    return {
      ...{ agent: id, hostname, org, connected, ...said },
      state: isLost ? "offline" : said.state,
      offlineSince: connected ? null : (heardAt(id) ?? lastSeen),
    };
  }

  #heard(
    { seen, feed, epoch, first, last }: DecisionEntry,
    agent: string,
  ): Heard {
    const refusal = this.#refusal.get(agent, feed, seen);
    if (epoch === null || first === null || last === null) {
      return { during: [], later: undefined, refusal };
    }
    const place = [agent, feed, epoch];
    // Of the same place, what was said last counts.
    const during = new Map(
      this.#during
        .all(...place, first, last)
        .map((row) => [row.last, receiptOf(row)]),
    );
    const later = this.#later.get(...place, last);
    return {
      during: [...during.values()],
      later: later && receiptOf(later),
      refusal,
    };
  }
}

interface ReceiptRow {
  readonly last: number;
  readonly receipt: string;
}

function byAgent<T extends TakenBack>(
  all: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const each of all) {
    const own = found.get(each.agent);
    if (own === undefined) found.set(each.agent, [each]);
    else own.push(each);
  }
  return found;
}

const receiptOf = ({ receipt }: ReceiptRow) => keptReceipt(receipt);

/** More than a million bans have segments. */
const MOST_RECEIPTS = 1_000;

/** Looks of some 50 µs each between two turns of the event loop. */
const HOSTS_A_TURN = 200;
