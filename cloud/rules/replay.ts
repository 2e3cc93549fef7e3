import type { Turns } from "../rate/turns.js";
import type { PastDetection } from "../telemetry/past-detections.js";
import { lifeOf, type Rule } from "./rule-set.js";
import { firstOf, Sliding } from "./sliding.js";
import type { Verdict, Weigh } from "./verdict.js";

/** What a rule would have decided on. */
export interface WouldBan {
  readonly verdict: Verdict;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly until: number;
  /** Failures that hosts saw while it would have been banned. */
  readonly keptOut: number;
}

/** Everything else that a rule goes by, as it is now. */
export interface ReplayPorts {
  readonly turns: Turns;
  readonly weigh: Weigh;
  /** Whether one of the lists holds the attacker now. */
  readonly isListed: (lists: readonly string[]) => boolean;
}

/**
 * What rules would have banned of one attacker, had they been in force: at each
 * detection as it came, by those before it. While he is banned he is not looked
 * at, and what was seen until then is spent.
 */
export async function replay(
  rules: readonly Rule[],
  detections: Iterable<PastDetection>,
  { turns, weigh, isListed }: ReplayPorts,
): Promise<readonly WouldBan[]> {
  const bans: WouldBan[] = [];
  const watching = rules
    .filter(({ sees }) => sees.lists === undefined || isListed(sees.lists))
    .map((rule) => ({ rule, seen: new Sliding(rule, weigh) }));
  for (const detection of detections) {
    const { at: now, failures } = detection;
    const last = bans.at(-1);
    if (last !== undefined && now < last.until) {
      bans[bans.length - 1] = { ...last, keptOut: last.keptOut + failures };
      continue;
    }
    if (turns.isOver) await turns.next();
    for (const { seen } of watching) seen.add(detection, now);
    const ban = wouldBan(watching, now, bans);
    if (ban === undefined) continue;
    bans.push(ban);
    for (const { seen } of watching) seen.clear();
  }
  return bans;
}

interface Watching {
  readonly rule: Rule;
  readonly seen: Sliding;
}

function wouldBan(
  watching: readonly Watching[],
  now: number,
  bans: readonly WouldBan[],
): WouldBan | undefined {
  // All of them are over by now.
  const before = (ms: number) =>
    bans.length - firstOf(bans, 0, ({ at }) => at > now - ms);
  for (const { rule, seen } of watching) {
    const { bannedBefore } = rule.sees;
    if (bannedBefore && before(bannedBefore.withinMs) < bannedBefore.times) {
      continue;
    }
    const verdict = seen.verdict(now);
    if (verdict === undefined) continue;
    const { growing } = rule.ban;
    const lasts = lifeOf(rule.ban, growing ? before(growing.withinMs) : 0);
    return { verdict, at: now, until: now + lasts * 1_000, keptOut: 0 };
  }
  return undefined;
}
