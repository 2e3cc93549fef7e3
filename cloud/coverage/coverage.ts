import type { FeedName } from "../../agent/model/position.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { HostOutcome } from "../receipts/host-outcome.js";
import type { Outcomes } from "../receipts/outcomes.js";
import type { Round } from "../receipts/rounds.js";
import type { Agent } from "../registry/registry.js";
import { tally, type Tally } from "./tally.js";

/**
 * Why hosts hold nothing of a decision any more, whatever they answered. `gone`:
 * other decisions took back what it did, or put something else in its place.
 */
export const overs = ["expired", "gone", "new-epoch"] as const;
export type Over = (typeof overs)[number];

/** A decision, and who holds it. */
export interface Covered extends Tally {
  readonly decision: DecisionEntry;
  /** Hosts of that time that were sent away since: they are asked for nothing. */
  readonly revoked: number;
  /** Null: nothing is known to have ended it. */
  readonly over: Over | null;
}

export interface CoveragePorts {
  readonly outcomes: Pick<Outcomes, "of" | "round">;
  /** The epoch that a feed is in. */
  readonly epochOf: (feed: FeedName) => string | undefined;
  /** Whether something of it stands; undefined where that cannot be told. */
  readonly stands: (decision: DecisionEntry) => Promise<boolean | undefined>;
  readonly clock: { now(): number };
}

/** Tells for decisions who must hold them, who does, and who is missing. */
export class Coverage {
  readonly #ports: CoveragePorts;

  constructor(ports: CoveragePorts) {
    this.#ports = ports;
  }

  /**
   * For decisions in a row: what is the same for all of them is looked up once.
   * @param org its hosts alone; null: those of all
   * @param gone aborted once nobody waits for it any more
   */
  round(org: string | null, gone?: AbortSignal): Promise<Round> {
    return this.#ports.outcomes.round(org, gone);
  }

  /** @throws GivenUp */
  async of(
    decision: DecisionEntry,
    round: Round,
  ): Promise<{
    readonly covered: Covered;
    readonly hosts: readonly HostOutcome[];
  }> {
    const hosts = await this.#ports.outcomes.of(decision, round);
    const { sentAway } = round.followersOf(decision.feed);
    const revoked = sentAway.filter((agent) => wasThere(agent, decision));
    const over = await this.#overOf(decision);
    const covered: Covered = {
      ...tally(decision, hosts),
      ...{ decision, revoked: revoked.length, over },
    };
    return { covered, hosts };
  }

  /**
   * Of several, in their order; their hosts' outcomes are let go one by one.
   * @throws GivenUp
   */
  async ofAll(
    decisions: readonly DecisionEntry[],
    round: Round,
  ): Promise<readonly Covered[]> {
    const found: Covered[] = [];
    for (const decision of decisions) {
      found.push((await this.of(decision, round)).covered);
    }
    return found;
  }

  async #overOf(decision: DecisionEntry): Promise<Over | null> {
    const { feed, epoch, until } = decision;
    const { epochOf, stands, clock } = this.#ports;
    if (epoch !== null && epoch !== epochOf(feed)) return "new-epoch";
    if (until !== null && until * 1_000 <= clock.now()) return "expired";
    return (await stands(decision)) === false ? "gone" : null;
  }
}

/** Whether it was to carry it out, and was sent away since. */
const wasThere = (
  { enrolledAt, revokedAt }: Agent,
  { decidedAt }: DecisionEntry,
): boolean =>
  revokedAt !== null && revokedAt > decidedAt && enrolledAt <= decidedAt;
