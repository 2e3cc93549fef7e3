import type { Cidr } from "../../agent/model/cidr.js";
import type { ItemOf } from "../../agent/protocol/telemetry.js";
import type { TelemetryTaken } from "../journal/observation-events.js";
import { attackerKey, attackerOf, readRemote } from "../telemetry/remote.js";

/** What one message of a host tells of one attacker. Times in ms since 1970. */
export interface ToldOf {
  readonly attacker: string;
  readonly cidr: Cidr;
  failures: number;
  packets: number;
  /** Of the packets, those that were not dropped. */
  observed: number;
  firstSeen: number;
  lastSeen: number;
  /** Which ones saw them; none, where bans met their packets. */
  readonly sensors: Set<string>;
}

/**
 * Adds up what a message tells, by attacker. Whatever counts as none, such as a wide
 * range, is left out.
 * @param at when it came: nothing is from later than that
 */
export function toldIn(
  { items }: Pick<TelemetryTaken, "items">,
  at: number,
): readonly ToldOf[] {
  const found = new Map<string, ToldOf>();
  for (const item of items) {
    if (item.kind === "detection") tellDetection(item, at, found);
    else if (item.kind === "hits") tellHits(item, at, found);
  }
  return [...found.values()];
}

function tellDetection(
  { source, count, firstSeen, lastSeen, sensor }: ItemOf<"detection">,
  at: number,
  found: Map<string, ToldOf>,
): void {
  const last = Math.min(lastSeen, at);
  const told = toldOf(source, Math.min(firstSeen, last), last, found);
  if (told === undefined) return;
  told.failures = sumOf(told.failures, count);
  told.sensors.add(sensor);
}

function tellHits(
  { from, to, top }: ItemOf<"hits">,
  at: number,
  found: Map<string, ToldOf>,
): void {
  const last = Math.min(to, at);
  for (const { remote, packets, observed } of top) {
    const told = toldOf(remote, Math.min(from, last), last, found);
    if (told === undefined) continue;
    told.packets = sumOf(told.packets, packets);
    if (observed) told.observed = sumOf(told.observed, packets);
  }
}

function toldOf(
  text: string,
  firstSeen: number,
  lastSeen: number,
  found: Map<string, ToldOf>,
): ToldOf | undefined {
  const remote = readRemote(text);
  const cidr = remote && attackerOf(remote);
  if (cidr === undefined) return undefined;
  const attacker = attackerKey(cidr);
  const known = found.get(attacker);
  if (known === undefined) {
    const none = { failures: 0, packets: 0, observed: 0 };
    const seen = { firstSeen, lastSeen, sensors: new Set<string>() };
    const told = { attacker, cidr, ...none, ...seen };
    found.set(attacker, told);
    return told;
  }
  known.firstSeen = Math.min(known.firstSeen, firstSeen);
  known.lastSeen = Math.max(known.lastSeen, lastSeen);
  return known;
}

/** A host may claim anything; a sum stays a whole number all the same. */
const sumOf = (a: number, b: number): number =>
  Math.min(a + b, Number.MAX_SAFE_INTEGER);
