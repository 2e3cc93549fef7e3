import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Feeds } from "../feeds/feeds.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import type { Look } from "../feeds/snapshots/present.js";
import type { BroughtRange } from "../lists/replacement.js";
import type { Before } from "./effects.js";
import type { Rollout } from "./rollout.js";
import type { StoodBans } from "./stood.js";

/** What orders need: a look at what stands, and a turn to change it. */
export interface OrderPorts {
  readonly feeds: Pick<Feeds, "inTurn">;
  readonly clock: Clock;
  /** What feeds ban now, all of them by default; undefined: nobody can say. */
  look(feeds?: readonly FeedName[]): Promise<Look | undefined>;
  /** What a list brought before and stands, page by page; `now` in Unix seconds. */
  brought(
    feed: FeedName,
    list: string,
    now: number,
  ): AsyncIterable<readonly BroughtRange[]>;
  /** Whether the decision imported a list, whose next one may lift its bans. */
  isOfList(decision: string): boolean;
  /** The rule by which hosts will hold a ban of the feed that lasts so long. */
  foresee(feed: FeedName): Foresight;
  /** What of an order is large, and when hosts begin with that. */
  readonly rollout: Pick<Rollout, "timesFor" | "isWide" | "isLarge">;
  /** Hears what stood before an order changes it, right before that. */
  stood(before: StoodBans): void;
}

/**
 * Looks on while an order of people is judged, and may stop it. An order that is
 * judged again, since its feed moved, begins again.
 */
export interface Watch {
  begin(): void;
  /**
   * A range that the order bans, or changes the ban of.
   * @param held the rule by which hosts with usual settings will hold it
   */
  sees(
    cidr: Cidr,
    before: StandingBan | undefined,
    held: string | undefined,
  ): void;
  /** A ban that is published once more as it stands, as the list's from then on. */
  keeps(cidr: Cidr, before: StandingBan, held: string | undefined): void;
  /** All was seen: throws where the order must not be carried out. */
  decide(): void;
  /** What is written down together with the decision. */
  along(decision: string, feed: FeedName): readonly DecisionEvent[];
}

/** Whoever looks on, or nobody. */
export const watchOf = (watch: Watch | undefined): Watch =>
  watch ?? SEES_NOTHING;

/** Of what was judged before, or is nobody's to judge. */
export const SEES_NOTHING: Watch = {
  begin: () => undefined,
  sees: () => undefined,
  keeps: () => undefined,
  decide: () => undefined,
  along: () => [],
};

/** `lasts` is in seconds; Infinity for ever. */
export type Foresight = (cidr: Cidr, lasts: number) => string | undefined;

export const beforeOf = (ban: StandingBan): Before => {
  const { expiresAt, observed, decision } = ban;
  return { until: expiresAt, observed, decision };
};

/** Each range once, as it came first. */
export const distinct = (ranges: readonly Cidr[]): readonly Cidr[] => [
  ...new Map(ranges.map((cidr) => [formatCidr(cidr), cidr])).values(),
];

/** Looks of some 10 µs each between two turns of the event loop. */
export const LOOKS_A_TURN = 500;
