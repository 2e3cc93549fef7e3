import { setImmediate as nextTurn } from "node:timers/promises";
import type { PastDetection } from "../telemetry/past-detections.js";
import { lifeOf, longestWindow, type Rule } from "./rule-set.js";
import { judge, type Verdict, type Weigh } from "./verdict.js";

/** What a rule would have decided on. */
export interface WouldBan {
  readonly verdict: Verdict;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly until: number;
  /** Failures that hosts saw while it would have been banned. */
  readonly keptOut: number;
}

/** How much work there is left for a replay, in detections that are looked at. */
export interface Budget {
  left: number;
}

/** Everything else that a rule goes by, as it is now. */
export interface ReplayPorts {
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
  detections: readonly PastDetection[],
  ports: ReplayPorts,
  budget: Budget,
): Promise<readonly WouldBan[]> {
  const bans: WouldBan[] = [];
  const longest = longestWindow(rules);
  let first = 0;
  let looked = 0;
  for (const [at, { at: now, failures }] of detections.entries()) {
    const last = bans.at(-1);
    if (last !== undefined && now < last.until) {
      bans[bans.length - 1] = { ...last, keptOut: last.keptOut + failures };
      first = at + 1;
      continue;
    }
    while ((detections[first]?.at ?? now) <= now - longest) first += 1;
    const seen = detections.slice(first, at + 1);
    budget.left -= seen.length;
    if (budget.left < 0) break;
    looked += seen.length;
    if (looked > LOOKED_A_TURN) {
      looked = 0;
      await nextTurn();
    }
    const ban = wouldBan(rules, { seen, now, bans }, ports);
    if (ban === undefined) continue;
    bans.push(ban);
    first = at + 1;
  }
  return bans;
}

interface Moment {
  readonly seen: readonly PastDetection[];
  readonly now: number;
  readonly bans: readonly WouldBan[];
}

function wouldBan(
  rules: readonly Rule[],
  { seen, now, bans }: Moment,
  { weigh, isListed }: ReplayPorts,
): WouldBan | undefined {
  const before = (ms: number) =>
    bans.filter(({ at, until }) => at > now - ms && until <= now).length;
  for (const rule of rules) {
    const { lists, bannedBefore } = rule.sees;
    const times = bannedBefore ? before(bannedBefore.withinMs) : 0;
    if (bannedBefore && times < bannedBefore.times) continue;
    const verdict = judge(rule, sliced(rule, seen, now), now, weigh);
    if (verdict === undefined) continue;
    if (lists !== undefined && !isListed(lists)) continue;
    const { growing } = rule.ban;
    const lasts = lifeOf(rule.ban, growing ? before(growing.withinMs) : 0);
    return { verdict, at: now, until: now + lasts * 1_000, keptOut: 0 };
  }
  return undefined;
}

/** As the look-up in the tables cuts it. */
function sliced(rule: Rule, seen: readonly PastDetection[], now: number) {
  const { windowMs, sees, needs } = rule;
  const since = now - windowMs;
  const { of } = needs.spread;
  return seen
    .filter(({ time }) => time > since)
    .filter(({ sensor }) => sees.sensors?.includes(sensor) ?? true)
    .map((each) => {
      const slice = Math.floor(((each.time - since) * of) / windowMs);
      return { ...each, slice: Math.min(slice, of - 1) };
    });
}

/** Some milliseconds of looking at detections. */
const LOOKED_A_TURN = 20_000;
