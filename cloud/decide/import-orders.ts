import { setImmediate as nextTurn } from "node:timers/promises";
import type { Op } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import type { StoredRange } from "../lists/range-store.js";
import {
  carryOut,
  expiry,
  type Decision,
  type Mandate,
  type Terms,
} from "./decisions.js";
import { banEffect, banEffects, isDone, type BanEffect } from "./effects.js";
import { LOOKS_A_TURN, type OrderPorts } from "./order-ports.js";

/** A list's ranges: they are gone through more than once. */
export type ListedRanges = Iterable<StoredRange> & { readonly size: number };

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
}

/**
 * Bans a whole list: what stands already and lasts as long is left as it is. An
 * import never shortens or weakens a ban: a list knows nothing of why somebody
 * wanted more.
 */
export class ImportOrders {
  readonly #ports: OrderPorts;

  constructor(ports: OrderPorts) {
    this.#ports = ports;
  }

  /**
   * Where the list sets its own terms, those count.
   * @throws FeedFull
   */
  async import(
    mandate: Mandate,
    ranges: ListedRanges,
    terms: Terms,
    { dryRun }: { readonly dryRun: boolean },
  ): Promise<Imported> {
    return this.#ports.feeds.inTurn(mandate.feed, async (publish) => {
      const { reason, observed } = terms;
      const tally = await this.#tallyOf(mandate, ranges, terms);
      const { codes, done: count, ...said } = tally;
      if (dryRun || count === 0) return { decision: undefined, ...said };
      const ops = this.#opsOf(ranges, terms, codes);
      const deed = { mandate, count, reason, observed, until: undefined };
      const what = { action: "import", ...deed } as const;
      return { decision: await carryOut(publish, what, ops), ...said };
    });
  }

  /** Looks once at each range, and remembers a byte of it. */
  async #tallyOf({ feed }: Mandate, ranges: ListedRanges, terms: Terms) {
    const stands = await this.#ports.look([feed]);
    const foresee = this.#ports.foresee(feed);
    const codes = new Uint8Array(ranges.size);
    const counts: Partial<Record<BanEffect, number>> = {};
    const held: Record<string, number> = {};
    const heldFirst: { range: string; rule: string }[] = [];
    let index = 0;
    let done = 0;
    for (const listed of ranges) {
      if (index % LOOKS_A_TURN === LOOKS_A_TURN - 1) await nextTurn();
      const { cidr } = listed;
      const wanted = this.#wantedOf(listed, terms);
      const before = stands?.exact(feed, cidr);
      const effect = stands ? banEffect(before, wanted) : "unchecked";
      counts[effect] = (counts[effect] ?? 0) + 1;
      codes[index++] = banEffects.indexOf(effect);
      if (isDone(effect)) done++;
      const rule = foresee(cidr, wanted.lasts);
      if (rule === undefined) continue;
      held[rule] = (held[rule] ?? 0) + 1;
      if (heldFirst.length < FEW)
        heldFirst.push({ range: formatCidr(cidr), rule });
    }
    return { codes, done, counts, held, heldFirst };
  }

  *#opsOf(
    ranges: ListedRanges,
    terms: Terms,
    codes: Uint8Array,
  ): Generator<Op> {
    const { reason, observed } = terms;
    let index = 0;
    for (const listed of ranges) {
      const effect = banEffects[codes[index++] ?? 0] ?? "unchecked";
      if (!isDone(effect)) continue;
      const { until } = this.#wantedOf(listed, terms);
      yield {
        ...{ op: "ban", cidr: listed.cidr, expiresAt: until },
        reason,
        observed,
      };
    }
  }

  #wantedOf({ timeout }: StoredRange, { forSeconds, observed }: Terms) {
    const own = timeout === 0 ? undefined : timeout;
    const seconds = timeout === undefined ? forSeconds : own;
    const until = expiry(seconds, this.#ports.clock);
    return { until, lasts: seconds ?? Infinity, observed, replace: false };
  }
}

/** What is shown of held ranges: enough to see what kind they are. */
const FEW = 20;
