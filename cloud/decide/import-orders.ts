import { setImmediate as nextTurn } from "node:timers/promises";
import type { Op } from "../../agent/model/ban.js";
import { bits, formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { RingTimes } from "../../agent/model/rings.js";
import { isWaitedFor } from "../../agent/protocol/ring-times.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import { unixSeconds } from "../../agent/runtime/clock.js";
import type { RangeStore, StoredRange } from "../lists/range-store.js";
import { Replacement } from "../lists/replacement.js";
import {
  carryOut,
  expiry,
  type Decision,
  type Mandate,
  type Terms,
} from "./deeds.js";
import {
  banEffect,
  banEffects,
  isDone,
  type BanEffect,
  type Wanted,
} from "./effects.js";
import { KeptTerms } from "./kept-terms.js";
import {
  LOOKS_A_TURN,
  watchOf,
  type OrderPorts,
  type Watch,
} from "./order-ports.js";

/** Whose ranges an import brings, and what it does beside bringing them. */
export interface ImportManner {
  /** Say what it would do, and do nothing. */
  readonly dryRun: boolean;
  /** The list's name; undefined: of no list, and nothing can replace it. */
  readonly list: string | undefined;
  /** Lift what the list brought before and has no more: needs its name. */
  readonly replace: boolean;
  /** Hears what that comes to, and throws where it must not be. */
  judge(replacement: Replacement): void;
  readonly watch?: Watch | undefined;
}

/** What importing a list came to. */
export interface Imported {
  /** Undefined where nothing changed, or only a question was asked. */
  readonly decision: Decision | undefined;
  /** How many ranges had each effect; those of no range are left out. */
  readonly counts: Partial<Record<BanEffect, number>>;
  /** How many bans hosts with the usual settings will hold, by rule. */
  readonly held: Readonly<Record<string, number>>;
  /** The first of them. */
  readonly heldFirst: readonly {
    readonly range: string;
    readonly rule: string;
  }[];
  /** What became of the list's earlier ranges; null where it only adds. */
  readonly replaced: Replacement["summary"] | null;
  /** When hosts begin with what is new, where they do ring by ring. */
  readonly rings: RingTimes | undefined;
}

/**
 * Bans a whole list: what stands already and lasts as long is left as it is. An
 * import never shortens or weakens a ban: a list knows nothing of why somebody
 * wanted more. Of a list with a name these are published as they stand, since its
 * ops tell what it has: another list that drops a range must not lift it here.
 */
export class ImportOrders {
  readonly #ports: OrderPorts;

  constructor(ports: OrderPorts) {
    this.#ports = ports;
  }

  /**
   * Where the list sets its own terms, those count.
   * @throws FeedFull, and what `judge` and `watch` throw: then nothing has happened
   */
  async import(
    mandate: Mandate,
    ranges: RangeStore,
    terms: Terms,
    manner: ImportManner,
  ): Promise<Imported> {
    const { feed } = mandate;
    return this.#ports.feeds.inTurn(feed, async (publish) => {
      const { replace, list, dryRun } = manner;
      const watch = watchOf(manner.watch);
      watch.begin();
      const listed = { feed, list, ranges };
      const replacement = replace
        ? await this.#broughtBefore(listed)
        : undefined;
      if (replacement) manner.judge(replacement);
      const watched = { mandate, watch, isNamed: list !== undefined };
      const tally = await this.#tallyOf(watched, ranges, terms);
      const replaced = replacement?.summary ?? null;
      const turns = this.#turnsOf(feed, terms, tally);
      const told = { ...tally.said, replaced, rings: turns.begins };
      const nothing = { decision: undefined, ...told };
      const isNews =
        tally.done > 0 || (await this.#isNews(listed, tally, replacement));
      // What is published once more is nobody's danger where nothing is published.
      if (!isNews) watch.begin();
      watch.decide();
      if (dryRun || !isNews) return nothing;
      const kept = list === undefined ? undefined : tally.kept;
      const { reason, observed } = terms;
      const what = {
        ...({ action: "import", mandate, reason, observed } as const),
        count: kept ? ranges.size : tally.done,
        until: endOf(tally),
        watch,
        from: list === undefined ? undefined : fromOf(list, replacement),
      };
      const found = { codes: tally.codes, kept, turns, at: tally.at };
      const bans = this.#opsOf(ranges, terms, found);
      const ops = bansAndLifts(bans, replacement);
      const decision = await carryOut(publish, what, ops);
      return { ...nothing, decision };
    });
  }

  async #broughtBefore(listed: ListedRanges): Promise<Replacement> {
    const { feed, list = "", ranges } = listed;
    const replacement = new Replacement(ranges);
    const now = unixSeconds(this.#ports.clock.now());
    for await (const page of this.#ports.brought(feed, list, now)) {
      replacement.see(page);
    }
    return replacement;
  }

  /** Whether a list that changes nothing has yet to be remembered as it is. */
  async #isNews(
    listed: ListedRanges,
    { kept }: Pick<Tally, "kept">,
    replacement: Replacement | undefined,
  ): Promise<boolean> {
    if (listed.list === undefined) return false;
    if (replacement?.isLess) return true;
    const before = replacement ?? (await this.#broughtBefore(listed));
    return !before.isKnownUntil(kept.wantedUntil);
  }

  /** Looks once at each range, and remembers a byte of it. */
  async #tallyOf(
    { mandate: { feed }, watch, isNamed }: Watched,
    ranges: RangeStore,
    terms: Terms,
  ): Promise<Tally> {
    const stands = await this.#ports.look([feed]);
    const foresee = this.#ports.foresee(feed);
    const codes = new Uint8Array(ranges.size);
    const kept = new KeptTerms();
    const waiting = new Map<number, RingTimes>();
    const counts: Partial<Record<BanEffect, number>> = {};
    const held = new Held();
    const at = this.#ports.clock.now();
    let until = 0;
    let index = 0;
    let done = 0;
    let largest: Cidr | undefined;
    for (const listed of ranges) {
      if (index % LOOKS_A_TURN === LOOKS_A_TURN - 1) await nextTurn();
      const { cidr } = listed;
      const before = stands?.exact(feed, cidr);
      const wanted = this.#wantedOf(listed, terms, before, at);
      const effect = stands ? banEffect(before, wanted) : "unchecked";
      counts[effect] = (counts[effect] ?? 0) + 1;
      codes[index++] = banEffects.indexOf(effect);
      const rule = foresee(cidr, wanted.lasts);
      if (isDone(effect)) {
        done++;
        until = Math.max(until, wanted.until);
        if (wanted.rings) waiting.set(index - 1, wanted.rings);
        if (before === undefined) largest = this.#larger(largest, cidr);
        watch.sees(cidr, before, rule);
      } else if (before) {
        kept.add(before, wanted);
        if (isNamed) {
          until = Math.max(until, before.expiresAt);
          watch.keeps(cidr, before, rule);
        }
      }
      if (rule !== undefined) held.add(cidr, rule);
    }
    const said = { counts, held: held.counts, heldFirst: held.first };
    return { codes, kept, done, waiting, largest, until, at, said };
  }

  /** A wide one, else a network, else an address. */
  #larger(known: Cidr | undefined, cidr: Cidr): Cidr {
    const { rollout } = this.#ports;
    if (known === undefined || rollout.isWide(cidr)) return cidr;
    const isSingle = known.prefix === bits(known.family);
    return isSingle && cidr.prefix < bits(cidr.family) ? cidr : known;
  }

  /** Which ranges of it go to hosts ring by ring, and when. */
  #turnsOf(
    feed: FeedName,
    terms: Terms,
    { said: { counts }, waiting, largest, codes }: Tally,
  ): Turns {
    const { rollout } = this.#ports;
    const news = (counts.new ?? 0) + (counts.unchecked ?? 0);
    const own = rollout.timesFor(feed, terms);
    const isAny = largest !== undefined && rollout.isLarge(feed, largest, news);
    return {
      begins: isAny ? own : undefined,
      of: (cidr, index) => {
        const isNew = NEW.has(codes[index] ?? 0);
        const isOwn = isAny && isNew && rollout.isLarge(feed, cidr, news);
        return isOwn ? own : waiting.get(index);
      },
    };
  }

  /** What is kept goes along as it stands, where that is asked for. */
  *#opsOf(
    ranges: RangeStore,
    terms: Terms,
    {
      codes,
      kept,
      turns,
      at,
    }: Pick<Tally, "codes" | "at"> & {
      readonly kept: KeptTerms | undefined;
      readonly turns: Turns;
    },
  ): Generator<Op> {
    const { reason, observed } = terms;
    const standing = kept?.[Symbol.iterator]();
    let index = 0;
    for (const listed of ranges) {
      const { cidr } = listed;
      const effect = banEffects[codes[index] ?? 0] ?? "unchecked";
      const rings = turns.of(cidr, index++);
      if (isDone(effect)) {
        const { until } = this.#wantedOf(listed, terms, undefined, at);
        const ban = { cidr, expiresAt: until, reason, observed };
        yield { op: "ban", ...ban, ...(rings && { rings }) };
        continue;
      }
      const stands = standing?.next();
      if (stands?.done === false) yield { op: "ban", cidr, ...stands.value };
    }
  }

  /** What hosts wait for in turns, a list brings to nobody sooner. */
  #wantedOf(
    { timeout }: StoredRange,
    { forSeconds, observed }: Terms,
    before: Pick<StandingBan, "rings"> | undefined,
    at: number,
  ): Wanted {
    const own = timeout === 0 ? undefined : timeout;
    const seconds = timeout === undefined ? forSeconds : own;
    const until = expiry(seconds, { now: () => at });
    const now = unixSeconds(at);
    const waits = before?.rings;
    const rings = isWaitedFor(waits, now) ? waits : undefined;
    const lasts = seconds ?? Infinity;
    return { until, lasts, observed, replace: false, now, rings };
  }
}

/** What hosts will hold: how much by which rule, and the first of it. */
class Held {
  readonly counts: Record<string, number> = {};
  readonly first: { range: string; rule: string }[] = [];

  add(cidr: Cidr, rule: string): void {
    this.counts[rule] = (this.counts[rule] ?? 0) + 1;
    if (this.first.length < FEW) {
      this.first.push({ range: formatCidr(cidr), rule });
    }
  }
}

/** An import that only lifts has none. */
const endOf = ({ until }: Pick<Tally, "until">): number | undefined =>
  until === 0 ? undefined : until;

interface Watched {
  readonly mandate: Mandate;
  readonly watch: Watch;
  /** What it leaves as it is goes along as the list's. */
  readonly isNamed: boolean;
}

interface ListedRanges {
  readonly feed: FeedName;
  readonly list: string | undefined;
  readonly ranges: RangeStore;
}

/** What a look at each range of a list found. */
interface Tally {
  /** The effect on each range, as a number. */
  readonly codes: Uint8Array;
  /** The terms of those that are left as they are, in the list's order. */
  readonly kept: KeptTerms;
  readonly done: number;
  /** Unix seconds: when the last of what is published ends; 0: nothing is. */
  readonly until: number;
  /** From when on the list's terms count: milliseconds since 1970. */
  readonly at: number;
  /** Of ranges that change, by their place: for whom hosts wait in turns already. */
  readonly waiting: ReadonlyMap<number, RingTimes>;
  /** Of those that are new, one that goes in turns if any does. */
  readonly largest: Cidr | undefined;
  readonly said: Pick<Imported, "counts" | "held" | "heldFirst">;
}

const fromOf = (list: string, replacement: Replacement | undefined) => ({
  list,
  ...(replacement && { lifts: replacement.lifts.size }),
});

/** Lifts come last: a crash between the segments leaves too much banned. */
function* bansAndLifts(
  bans: Iterable<Op>,
  replacement: Replacement | undefined,
): Generator<Op> {
  yield* bans;
  if (replacement) yield* replacement.lifts;
}

/** When hosts begin with what an import brings, where they do ring by ring. */
interface Turns {
  /** With what is new; undefined: all of them at once. */
  readonly begins: RingTimes | undefined;
  of(cidr: Cidr, index: number): RingTimes | undefined;
}

/** Effects on ranges that nobody has yet, as numbers. */
const NEW: ReadonlySet<number> = new Set(
  (["new", "unchecked"] as const).map((each) => banEffects.indexOf(each)),
);

/** What is shown of held ranges: enough to see what kind they are. */
const FEW = 20;
