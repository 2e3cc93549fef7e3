import { setImmediate as nextTurn } from "node:timers/promises";
import type { Op } from "../../agent/model/ban.js";
import {
  bits,
  formatCidr,
  widened,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import type { Look } from "../feeds/snapshots/present.js";
import { carryOut, type Decision, type Mandate } from "./deeds.js";
import { MOST_INSIDE, type RangeLifted, type StillBanned } from "./effects.js";
import {
  LOOKS_A_TURN,
  distinct,
  type OrderPorts,
  type Watch,
} from "./order-ports.js";
import { stoodBans } from "./stood.js";

/** Lifts are everybody's at once. */
type LiftPorts = Omit<OrderPorts, "rollout">;

/** What is to be lifted, and how. */
export interface LiftWish {
  readonly by: string;
  readonly reason: string;
  readonly feeds: readonly FeedName[];
  readonly ranges: readonly Cidr[];
  /** Bans that lie in the ranges, too. */
  readonly within: boolean;
  /** Say what it would do, and do nothing. */
  readonly dryRun: boolean;
  readonly watch?: Pick<Watch, "along"> | undefined;
}

/** What an order to lift came to. */
export interface Lifted {
  /** One of each feed in which something was lifted. */
  readonly decisions: readonly Decision[];
  readonly effects: readonly RangeLifted[];
}

/**
 * Carries out what people order to lift, and tells what bans the ranges all the
 * same: a wider ban, one in them, or another feed.
 */
export class LiftOrders {
  readonly #ports: LiftPorts;

  constructor(ports: LiftPorts) {
    this.#ports = ports;
  }

  async lift(wish: LiftWish): Promise<Lifted> {
    const ranges = distinct(wish.ranges);
    const look = await this.#ports.look();
    const decisions: Decision[] = [];
    const lifted = new Map<FeedName, ReadonlyMap<Cidr, number>>();
    for (const feed of wish.feeds) {
      const done = await this.#liftIn(feed, { ...wish, ranges });
      if (done.decision !== undefined) decisions.push(done.decision);
      lifted.set(feed, done.counts);
    }
    const left = new Left(look, { ...wish, ranges });
    const effects: RangeLifted[] = [];
    for (const cidr of ranges) {
      if (effects.length % LOOKS_A_TURN === LOOKS_A_TURN - 1) await nextTurn();
      effects.push({
        range: formatCidr(cidr),
        lifted: countsOf(cidr, lifted),
        ...left.of(cidr),
      });
    }
    return { decisions, effects };
  }

  /** Counts by range what it lifts in a feed; of what lifts nothing, nothing. */
  async #liftIn(
    feed: FeedName,
    { by, reason, ranges, within, dryRun, watch }: LiftWish,
  ): Promise<{
    readonly decision: Decision | undefined;
    readonly counts: ReadonlyMap<Cidr, number>;
  }> {
    return this.#ports.feeds.inTurn(feed, async (publish) => {
      const look = await this.#ports.look([feed]);
      const counts = await countLifts(look, feed, ranges, within);
      const count = [...counts.values()].reduce((sum, each) => sum + each, 0);
      if (count === 0 || dryRun) return { decision: undefined, counts };
      const mandate: Mandate = { feed, by };
      const deed = {
        mandate,
        count,
        reason,
        observed: false,
        until: undefined,
        watch,
      };
      const bans = look ? bansIn(look, feed, ranges, within) : [];
      this.#ports.stood(stoodBans(bans, count));
      const ops = liftsOf(look, feed, ranges, within);
      const decision = await carryOut(
        publish,
        { action: "lift", ...deed },
        ops,
      );
      return { decision, counts };
    });
  }
}

async function countLifts(
  look: Look | undefined,
  feed: FeedName,
  ranges: readonly Cidr[],
  within: boolean,
): Promise<ReadonlyMap<Cidr, number>> {
  const counts = new Map<Cidr, number>();
  for (const [at, cidr] of ranges.entries()) {
    if (at % LOOKS_A_TURN === LOOKS_A_TURN - 1) await nextTurn();
    const found = look ? bansOn(look, feed, cidr, within) : [cidr];
    let lifted = 0;
    for (const _ of found) {
      if (++lifted % LOOKS_A_TURN === 0) await nextTurn();
    }
    if (lifted > 0) counts.set(cidr, lifted);
  }
  return counts;
}

/** By the feeds in which something of the range was lifted. */
const countsOf = (
  cidr: Cidr,
  lifted: ReadonlyMap<FeedName, ReadonlyMap<Cidr, number>>,
): Record<string, number> =>
  Object.fromEntries(
    [...lifted].flatMap(([feed, counts]) => {
      const count = counts.get(cidr);
      return count === undefined ? [] : [[feed, count] as const];
    }),
  );

function* liftsOf(
  look: Look | undefined,
  feed: FeedName,
  ranges: readonly Cidr[],
  within: boolean,
): Generator<Op> {
  for (const cidr of ranges) {
    const found = look ? bansOn(look, feed, cidr, within) : [{ cidr }];
    for (const each of found) yield { op: "lift", cidr: each.cidr };
  }
}

/** The bans of the feed on the range and, if so wished, in it. */
function* bansOn(
  look: Look,
  feed: FeedName,
  cidr: Cidr,
  within: boolean,
): Generator<StandingBan> {
  if (within) yield* look.within(feed, cidr);
  else {
    const own = look.exact(feed, cidr);
    if (own !== undefined) yield own;
  }
}

function* bansIn(
  look: Look,
  feed: FeedName,
  ranges: readonly Cidr[],
  within: boolean,
): Generator<StandingBan> {
  for (const cidr of ranges) yield* bansOn(look, feed, cidr, within);
}

/** What is left of bans once an order to lift is carried out. */
class Left {
  readonly #look: Look | undefined;
  readonly #wish: LiftWish;
  readonly #ranges: ReadonlySet<string>;
  readonly #widths: readonly number[];

  constructor(look: Look | undefined, wish: LiftWish) {
    this.#look = look;
    this.#wish = wish;
    this.#ranges = new Set(wish.ranges.map(formatCidr));
    this.#widths = [...new Set(wish.ranges.map(({ prefix }) => prefix))];
  }

  of(cidr: Cidr): Omit<RangeLifted, "range" | "lifted"> {
    const look = this.#look;
    if (look === undefined) return { stillBy: [], inside: 0, unchecked: true };
    const stillBy = look.feeds
      .flatMap((feed) => look.around(feed, cidr))
      .filter((ban) => !this.#isLifted(ban))
      .map(stillBanned);
    return { stillBy, inside: this.#inside(look, cidr), unchecked: false };
  }

  /** Bans in the range that stay, in the feeds that were meant. */
  #inside(look: Look, cidr: Cidr): number {
    if (this.#wish.within || cidr.prefix === bits(cidr.family)) return 0;
    let found = 0;
    for (const feed of this.#wish.feeds) {
      for (const ban of look.within(feed, cidr)) {
        if (!this.#isLifted(ban) && ++found >= MOST_INSIDE) return found;
      }
    }
    return found;
  }

  #isLifted({ feed, cidr }: StandingBan): boolean {
    if (!this.#wish.feeds.includes(feed)) return false;
    if (this.#ranges.has(formatCidr(cidr))) return true;
    if (!this.#wish.within) return false;
    return this.#widths.some(
      (width) =>
        width < cidr.prefix &&
        this.#ranges.has(formatCidr(widened(cidr, width))),
    );
  }
}

const stillBanned = (ban: StandingBan): StillBanned => {
  const { feed, cidr, expiresAt: until, observed, decision } = ban;
  return { feed, range: formatCidr(cidr), until, observed, decision };
};
