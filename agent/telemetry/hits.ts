import * as v from "valibot";
import { formatCidr, type Cidr } from "../model/cidr.js";
import type { Hit, Total } from "../model/hit.js";
import { limits } from "../protocol/limits.js";
import { Malformed } from "../protocol/malformed.js";
import { Count, parseJson, Time } from "../protocol/shapes.js";
import type { ItemOf } from "../protocol/telemetry.js";
import { Most } from "./most.js";

/** What the counters were when they were last read. */
export interface Baseline {
  readonly counts: ReadonlyMap<string, Counts>;
  /** Whether a counter that is not among them was nowhere at all. */
  readonly complete: boolean;
  /** By kind; undefined before the first reading that anybody remembers. */
  readonly totals: ReadonlyMap<string, Counts> | undefined;
  /** What was told by remote before it was in a total. */
  readonly ahead: Sum;
}

interface Counts {
  readonly packets: number;
  readonly bytes: number;
}

/** `observed` are those of the packets that were not dropped. */
interface Sum extends Counts {
  readonly observed: number;
}

const NOTHING: Sum = { packets: 0, bytes: 0, observed: 0 };

/**
 * Before the first reading that anybody remembers: what the kernel has counted
 * by then may have been reported already, so it is where counting starts.
 */
export const unread: Baseline = {
  ...{ counts: new Map(), complete: false },
  ...{ totals: undefined, ahead: NOTHING },
};

/** A reading of the counters, and the baseline that takes its place. */
export interface Folded {
  /** Undefined when nothing was counted. */
  readonly item: ItemOf<"hits"> | undefined;
  readonly baseline: Baseline;
}

/**
 * Folds a reading of the kernel's counters, slice by slice, into an item and the
 * next baseline, in memory that is bounded however many there are. A counter that
 * went back was forgotten by the kernel and began again: all of it is new. One
 * that vanished adds nothing. Where more are read than are remembered, those with
 * the fewest packets are told among all others rather than twice.
 */
export class HitsFold {
  readonly #before: Baseline;
  readonly #top = new Most<Hit>(NAMED, packetsOf);
  readonly #strongest: Most<{ readonly key: string } & Counts>;
  /** Of all that grew. */
  readonly #remotes = new Set<string>();

  constructor(before: Baseline, mostRemembered = MOST_REMEMBERED) {
    this.#before = before;
    this.#strongest = new Most<{ readonly key: string } & Counts>(
      mostRemembered,
      packetsOf,
    );
  }

  add(counters: readonly Hit[]): void {
    const { counts, complete } = this.#before;
    for (const counter of counters) {
      const { packets, bytes } = counter;
      const key = keyOf(counter);
      this.#strongest.show({ key, packets, bytes });
      const before = counts.get(key);
      if (before === undefined && !complete) continue;
      const delta = deltaOf(counter, before);
      if (delta.packets === 0 && delta.bytes === 0) continue;
      this.#remotes.add(addressOf(counter.remote));
      this.#top.show({ ...counter, ...delta });
    }
  }

  /**
   * The totals must have been read before what was added: a packet that came in
   * between is told by its remote now, and is not among all others later.
   */
  finish(
    totals: readonly Total[],
    window: { readonly from: number; readonly to: number },
  ): Folded {
    const top = this.#top.kept();
    const named = sumOf(top);
    const due = minus(this.#grown(totals), this.#before.ahead);
    const others = atLeastNone(minus(due, named));
    const kept = this.#strongest.kept();
    const baseline: Baseline = {
      counts: new Map(kept.map(({ key, ...counts }) => [key, counts])),
      complete: this.#strongest.passedOver === 0,
      totals: new Map(totals.map((total) => [kindOf(total), countsOf(total)])),
      ahead: atLeastNone(minus(named, due)),
    };
    const isAny = top.length > 0 || others.packets > 0;
    const item = isAny ? this.#item({ top, others }, window) : undefined;
    return { item, baseline };
  }

  /** What the totals grew by. */
  #grown(totals: readonly Total[]): Sum {
    const before = this.#before.totals;
    if (before === undefined) return NOTHING;
    return sumOf(
      totals.map((total) => {
        const { observed } = total;
        return { observed, ...deltaOf(total, before.get(kindOf(total))) };
      }),
    );
  }

  #item(
    { top, others }: { readonly top: readonly Hit[]; readonly others: Sum },
    window: { readonly from: number; readonly to: number },
  ): ItemOf<"hits"> {
    const named = new Set(top.map(({ remote }) => addressOf(remote)));
    return {
      kind: "hits",
      from: Math.floor(window.from),
      to: Math.floor(window.to),
      top: top.map(({ remote, way: _way, ...counter }) => ({
        remote: formatCidr(remote),
        direction: counter.direction,
        forwarded: counter.forwarded,
        observed: counter.observed,
        protocol: counter.protocol,
        port: NO_PORT,
        packets: counter.packets,
        bytes: counter.bytes,
      })),
      others: { remotes: this.#remotes.size - named.size, ...others },
    };
  }
}

/** A baseline, and when it was read, as text that outlives the agent. */
export function saved(baseline: Baseline, at: number): string {
  const { counts, complete, totals, ahead } = baseline;
  return JSON.stringify({
    at: Math.floor(at),
    complete,
    rows: rowsOf(counts),
    totals: rowsOf(totals ?? new Map()),
    ahead,
  });
}

const rowsOf = (counts: ReadonlyMap<string, Counts>) =>
  [...counts].map(([key, { packets, bytes }]) => [key, packets, bytes]);

/**
 * The way back from `saved`; undefined for what is no such text, as what 0.1.0
 * has written: its counters went with its ruleset.
 */
export function restored(
  text: string,
): { readonly baseline: Baseline; readonly at: number } | undefined {
  try {
    const { at, complete, ...rest } = parseJson(Saved, text, "saved counters");
    const [counts, totals] = [countsIn(rest.rows), countsIn(rest.totals)];
    return { baseline: { counts, complete, totals, ahead: rest.ahead }, at };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

const countsIn = (
  rows: readonly (readonly [string, number, number])[],
): ReadonlyMap<string, Counts> =>
  new Map(rows.map(([key, packets, bytes]) => [key, { packets, bytes }]));

const Rows = v.array(v.strictTuple([v.string(), Count, Count]));

const Saved = v.strictObject({
  at: Time,
  complete: v.boolean(),
  rows: Rows,
  totals: Rows,
  ahead: v.strictObject({ packets: Count, bytes: Count, observed: Count }),
});

const sumOf = (
  counts: readonly (Counts & { readonly observed: boolean })[],
): Sum =>
  counts.reduce(
    (sum, { packets, bytes, observed }) => ({
      packets: sum.packets + packets,
      bytes: sum.bytes + bytes,
      observed: sum.observed + (observed ? packets : 0),
    }),
    NOTHING,
  );

const minus = (a: Sum, b: Sum): Sum => ({
  packets: a.packets - b.packets,
  bytes: a.bytes - b.bytes,
  observed: a.observed - b.observed,
});

const atLeastNone = ({ packets, bytes, observed }: Sum): Sum => ({
  packets: Math.max(0, packets),
  bytes: Math.max(0, bytes),
  observed: Math.max(0, observed),
});

/** One in five of what the protocol allows: an attack lasts many windows. */
const NAMED = limits.telemetryHits / 5;

/** Some 2 MB, and half of that on the disk. */
const MOST_REMEMBERED = 8_192;

/** Hits are counted by remote; contacts tell what was called. */
const NO_PORT = 0;

function deltaOf(now: Counts, before: Counts | undefined): Counts {
  const { packets, bytes } = now;
  if (before === undefined) return { packets, bytes };
  if (packets < before.packets || bytes < before.bytes) {
    return { packets, bytes };
  }
  return { packets: packets - before.packets, bytes: bytes - before.bytes };
}

function packetsOf({ packets }: Counts): number {
  return packets;
}

const countsOf = ({ packets, bytes }: Counts): Counts => ({ packets, bytes });

const kindOf = ({ family, direction, observed }: Total): string =>
  `${direction}${family}${observed ? "o" : ""}`;

function keyOf(counter: Hit): string {
  const { remote, direction, observed, protocol, way } = counter;
  const side = `${direction === "in" ? "<" : ">"}${observed ? "o" : ""}`;
  return `${addressOf(remote)}${side}${protocol}:${way}`;
}

/** Of one byte a character: shorter than anything a person could read. */
const addressOf = ({ address }: Cidr): string =>
  Buffer.from(address.buffer, address.byteOffset, address.length).toString(
    "latin1",
  );
