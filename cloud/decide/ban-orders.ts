import { setImmediate as nextTurn } from "node:timers/promises";
import type { Ban, Op } from "../../agent/model/ban.js";
import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { RingTimes } from "../../agent/model/rings.js";
import { isWaitedFor } from "../../agent/protocol/ring-times.js";
import { unixSeconds } from "../../agent/runtime/clock.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import {
  carryOut,
  expiry,
  type Decision,
  type Mandate,
  type Terms,
} from "./deeds.js";
import {
  banEffect,
  isDone,
  type BanEffect,
  type RangeBanned,
  type Wanted,
} from "./effects.js";
import {
  LOOKS_A_TURN,
  beforeOf,
  distinct,
  type OrderPorts,
  type Watch,
} from "./order-ports.js";
import { stoodBans } from "./stood.js";
import { ringTimes } from "./waits.js";

export interface BanManner {
  /** Less than what stands is meant. */
  readonly replace: boolean;
  /** Say what it would do, and do nothing. */
  readonly dryRun: boolean;
  readonly watch?: Watch | undefined;
}

/** What an order to ban came to. */
export interface Banned {
  /** Undefined where nothing changed, or only a question was asked. */
  readonly decision: Decision | undefined;
  readonly effects: readonly RangeBanned[];
  /** When hosts begin with what is new, where they do ring by ring. */
  readonly rings: RingTimes | undefined;
}

/**
 * Carries out what people order to ban, after a look at what stands: nothing is
 * weakened or shortened that nobody asked to, and what changes nothing is not
 * published.
 */
export class BanOrders {
  readonly #ports: OrderPorts;

  constructor(ports: OrderPorts) {
    this.#ports = ports;
  }

  /** @throws FeedFull, and what `watch` throws: then nothing has happened */
  async ban(
    mandate: Mandate,
    ranges: readonly Cidr[],
    { forSeconds, reason, observed, waits, atOnce }: Terms,
    { replace, dryRun, watch }: BanManner,
  ): Promise<Banned> {
    const { feeds, clock, rollout } = this.#ports;
    return feeds.inTurn(mandate.feed, async (publish) => {
      const until = expiry(forSeconds, clock);
      const lasts = forSeconds ?? Infinity;
      const rings = waits && ringTimes(waits, clock);
      const now = unixSeconds(clock.now());
      const rolled = { observed, atOnce, forSeconds };
      const own = rollout.timesFor(mandate.feed, rolled);
      const wanted = { until, lasts, observed, replace, rings, now };
      const effects = await this.#effectsOn(mandate, distinct(ranges), {
        ...{ ...wanted, own: rings ? undefined : own },
      });
      if (watch) show(effects, watch);
      const terms = { expiresAt: until, reason, observed };
      const ops = effects.flatMap((each) => this.#opOf(each, terms) ?? []);
      const answer = effects.map(({ said }) => said);
      const done = effects.filter(({ said }) => isDone(said.effect));
      const begins = done.find((each) => each.rings !== undefined)?.rings;
      if (dryRun || ops.length === 0) {
        return { decision: undefined, effects: answer, rings: begins };
      }
      const stood = done.flatMap(({ before }) => before ?? []);
      this.#ports.stood(stoodBans(stood));
      const count = ops.length;
      const deed = { mandate, count, reason, observed, until, watch };
      const decision = await carryOut(publish, { action: "ban", ...deed }, ops);
      return { decision, effects: answer, rings: begins };
    });
  }

  async #effectsOn(
    { feed }: Mandate,
    ranges: readonly Cidr[],
    { own, ...order }: Wanted & { readonly own: RingTimes | undefined },
  ): Promise<readonly Effect[]> {
    const stands = await this.#ports.look([feed]);
    const holds = this.#ports.foresee(feed);
    const effects: Effect[] = [];
    for (const cidr of ranges) {
      if (effects.length % LOOKS_A_TURN === LOOKS_A_TURN - 1) await nextTurn();
      const before = stands?.exact(feed, cidr);
      const isOwn = own !== undefined && this.#ports.rollout.isWide(cidr);
      const rings = isOwn ? inTurn(before, own, order.now) : order.rings;
      const wanted = { ...order, rings };
      const effect = stands ? banEffect(before, wanted) : "unchecked";
      const held = holds(cidr, wanted.lasts) ?? null;
      const said = rangeBanned(cidr, effect, before, wanted);
      effects.push({ cidr, before, rings, said: { ...said, held } });
    }
    return effects;
  }

  /**
   * What only a list bans so far is banned by this order as well, on the same
   * terms: else the list's next replacement would lift it.
   */
  #opOf(
    { cidr, before, rings: own, said: { effect } }: Effect,
    terms: Omit<Ban, "cidr" | "rings">,
  ): Op | undefined {
    if (isDone(effect)) {
      return { op: "ban", cidr, ...terms, ...(own && { rings: own }) };
    }
    if (before === undefined || effect === "would-weaken") return undefined;
    if (!this.#ports.isOfList(before.decision)) return undefined;
    const { expiresAt, reason, observed, rings } = before;
    const same = { op: "ban", cidr, expiresAt, reason, observed } as const;
    return rings ? { ...same, rings } : same;
  }
}

interface Effect {
  readonly cidr: Cidr;
  readonly before: StandingBan | undefined;
  /** When hosts are to begin, where they do ring by ring. */
  readonly rings: RingTimes | undefined;
  readonly said: RangeBanned;
}

/** What is new goes ring by ring; what goes so already, goes on, and what all have stays theirs. */
function inTurn(
  before: Pick<Ban, "rings"> | undefined,
  own: RingTimes,
  now: number,
): RingTimes | undefined {
  if (before === undefined) return own;
  return isWaitedFor(before.rings, now) ? before.rings : undefined;
}

/** Shows what the order changes, and asks whether it may. */
function show(effects: readonly Effect[], watch: Watch): void {
  watch.begin();
  for (const { cidr, before, said } of effects) {
    if (isDone(said.effect)) watch.sees(cidr, before, said.held ?? undefined);
  }
  watch.decide();
}

function rangeBanned(
  cidr: Cidr,
  effect: BanEffect,
  before: StandingBan | undefined,
  wanted: Wanted,
): Omit<RangeBanned, "held"> {
  const isAsBefore = before !== undefined && !isDone(effect);
  const rings = isAsBefore ? before.rings : wanted.rings;
  return {
    ...{ range: formatCidr(cidr), effect },
    until: isAsBefore ? before.expiresAt : wanted.until,
    observed: isAsBefore ? before.observed : wanted.observed,
    rings: isWaitedFor(rings, wanted.now) ? rings : null,
    before: before === undefined ? null : beforeOf(before),
  };
}
