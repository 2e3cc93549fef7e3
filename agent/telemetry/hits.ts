import * as v from "valibot";
import { formatCidr, type Cidr } from "../model/cidr.js";
import { limits } from "../protocol/limits.js";
import { Malformed } from "../protocol/malformed.js";
import { Count, parseJson, Time } from "../protocol/shapes.js";
import type { ItemOf } from "../protocol/telemetry.js";

/** One of the kernel's counters: packets that bans matched, by attacker. */
export interface Counter {
  readonly remote: Cidr;
  readonly direction: "in" | "out";
  readonly forwarded: boolean;
  readonly observed: boolean;
  readonly protocol: number;
  readonly port: number;
  /** Since the kernel began to count; it forgets counters that rest for long. */
  readonly packets: number;
  readonly bytes: number;
}

/** What the counters were when they were last read. */
export interface Baseline {
  readonly counts: ReadonlyMap<string, Counts>;
  /** Whether a counter that is not among them was nowhere at all. */
  readonly complete: boolean;
}

interface Counts {
  readonly packets: number;
  readonly bytes: number;
}

/**
 * Before the first reading that anybody remembers: what the kernel has counted
 * by then may have been reported already, so it is where counting starts.
 */
export const unread: Baseline = { counts: new Map(), complete: false };

/**
 * What was counted since the baseline, and the baseline that takes its place. A
 * counter that went back was forgotten by the kernel and began again: all of it
 * is new. One that vanished adds nothing. Where more are read than are
 * remembered, those with the fewest packets are counted late rather than twice.
 */
export function since(
  baseline: Baseline,
  counters: readonly Counter[],
  mostRemembered = MOST_REMEMBERED,
): { readonly fresh: readonly Counter[]; readonly baseline: Baseline } {
  const fresh: Counter[] = [];
  for (const counter of counters) {
    const before = baseline.counts.get(keyOf(counter));
    if (before === undefined && !baseline.complete) continue;
    const delta = deltaOf(counter, before);
    if (delta.packets > 0 || delta.bytes > 0) {
      fresh.push({ ...counter, ...delta });
    }
  }
  return { fresh, baseline: remember(counters, mostRemembered) };
}

/** A baseline, and when it was read, as text that outlives the agent. */
export function saved({ counts, complete }: Baseline, at: number): string {
  const rows = [...counts].map(([key, { packets, bytes }]) => [
    key,
    packets,
    bytes,
  ]);
  return JSON.stringify({ at: Math.floor(at), complete, rows });
}

/** The way back from `saved`; undefined for what is no such text. */
export function restored(
  text: string,
): { readonly baseline: Baseline; readonly at: number } | undefined {
  try {
    const { at, complete, rows } = parseJson(Saved, text, "saved counters");
    const counts = new Map(
      rows.map(([key, packets, bytes]) => [key, { packets, bytes }]),
    );
    return { baseline: { counts, complete }, at };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

const Saved = v.strictObject({
  at: Time,
  complete: v.boolean(),
  rows: v.array(v.strictTuple([v.string(), Count, Count])),
});

/**
 * The item for a window, naming the attackers with the most packets and adding
 * the rest up; undefined when nothing was counted.
 */
export function hitsItem(
  fresh: readonly Counter[],
  window: { readonly from: number; readonly to: number },
): ItemOf<"hits"> | undefined {
  if (fresh.length === 0) return undefined;
  const byPackets = [...fresh].sort(mostPacketsFirst);
  const rest = byPackets.slice(NAMED);
  return {
    kind: "hits",
    from: Math.floor(window.from),
    to: Math.floor(window.to),
    top: byPackets.slice(0, NAMED).map(({ remote, ...counter }) => ({
      remote: formatCidr(remote),
      direction: counter.direction,
      forwarded: counter.forwarded,
      observed: counter.observed,
      protocol: counter.protocol,
      port: counter.port,
      packets: counter.packets,
      bytes: counter.bytes,
    })),
    others: {
      remotes: new Set(rest.map(({ remote }) => addressOf(remote))).size,
      ...sumOf(rest),
      observed: sumOf(rest.filter(({ observed }) => observed)).packets,
    },
  };
}

const sumOf = (counts: readonly Counts[]): Counts => ({
  packets: counts.reduce((sum, { packets }) => sum + packets, 0),
  bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** One in five of what the protocol allows: an attack lasts many windows. */
const NAMED = limits.telemetryHits / 5;

/** Some 5 MB; the kernel itself holds up to 65,536 for each of four sides. */
const MOST_REMEMBERED = 32_768;

function deltaOf(now: Counts, before: Counts | undefined): Counts {
  const { packets, bytes } = now;
  if (before === undefined) return { packets, bytes };
  if (packets < before.packets || bytes < before.bytes) {
    return { packets, bytes };
  }
  return { packets: packets - before.packets, bytes: bytes - before.bytes };
}

function remember(counters: readonly Counter[], most: number): Baseline {
  const complete = counters.length <= most;
  const kept = complete
    ? counters
    : [...counters].sort(mostPacketsFirst).slice(0, most);
  const counts = new Map(
    kept.map((counter) => {
      const { packets, bytes } = counter;
      return [keyOf(counter), { packets, bytes }];
    }),
  );
  return { counts, complete };
}

const mostPacketsFirst = (a: Counts, b: Counts) => b.packets - a.packets;

function keyOf(counter: Counter): string {
  const { remote, direction, forwarded, observed, protocol, port } = counter;
  const way = `${direction === "in" ? "<" : ">"}${forwarded ? "f" : ""}`;
  return `${addressOf(remote)}${way}${observed ? "o" : ""}${protocol}:${port}`;
}

/** Of one byte a character: shorter than anything a person could read. */
const addressOf = ({ address }: Cidr): string =>
  Buffer.from(address.buffer, address.byteOffset, address.length).toString(
    "latin1",
  );
