import type { Turns } from "../rate/turns.js";
import type {
  PastDetection,
  PastDetections,
  PastPlace,
} from "../telemetry/past-detections.js";
import type { Rule } from "./rule-set.js";
import { orgsNeeded } from "./verdict.js";

/** Everybody who was detected since then, one after the other. */
export async function* pastAttackers(
  past: Pick<PastDetections, "behind">,
  since: number,
  turns: Turns,
): AsyncGenerator<PastAttacker> {
  let place: PastPlace = { attacker: "", seq: 0, nth: 0 };
  let one = new PastAttacker("");
  for (;;) {
    await turns.next();
    const page = past.behind(place, PAGE);
    for (const row of page) {
      if (row.attacker !== one.attacker) {
        if (one.detections > 0) yield one;
        one = new PastAttacker(row.attacker);
      }
      if (row.time > since && row.held === 0) one.add(row);
    }
    place = page.at(-1) ?? place;
    if (page.length < PAGE) break;
  }
  if (one.detections > 0) yield one;
}

/** What was seen of one attacker, in the order in which it came. */
export class PastAttacker {
  readonly attacker: string;
  readonly seen: PastDetection[] = [];
  detections = 0;
  readonly #ofOrg = new Map<string, number>();
  readonly #hosts = new Set<string>();
  #failures = 0;

  constructor(attacker: string) {
    this.attacker = attacker;
  }

  /** Whether all of it is there. */
  get isWhole(): boolean {
    return this.seen.length === this.detections;
  }

  /** What one org told takes no room from what others did. */
  add(row: PastDetection): void {
    this.detections += 1;
    this.#hosts.add(row.agent);
    this.#failures += row.failures;
    const known = this.#ofOrg.get(row.org) ?? 0;
    this.#ofOrg.set(row.org, known + 1);
    const hasRoom = this.seen.length < MOST_OF_ONE && known < MOST_OF_AN_ORG;
    if (hasRoom) this.seen.push(row);
  }

  /** Whether all that was ever seen of him would do. */
  couldBeBannedBy(rule: Rule): boolean {
    const { hosts, failures } = rule.needs;
    return (
      this.#ofOrg.size >= orgsNeeded(rule) &&
      this.#hosts.size >= hosts &&
      this.#failures >= failures
    );
  }
}

/**
 * How many looks there are left: each is of a rule at a detection, and counts for
 * the org that told it. Whoever told most runs out alone.
 */
export class Budget {
  #left: number;
  readonly #mostOfAnOrg: number;
  readonly #used = new Map<string, number>();
  isKept = true;

  constructor({ inAll, ofAnOrg } = MOST_LOOKS) {
    this.#left = inAll;
    this.#mostOfAnOrg = ofAnOrg;
  }

  /** Reports whether there is room for so many. */
  take(org: string, looks: number): boolean {
    const used = (this.#used.get(org) ?? 0) + looks;
    if (looks > this.#left || used > this.#mostOfAnOrg) {
      this.isKept = false;
      return false;
    }
    this.spend(org, looks);
    return true;
  }

  /** What can't be asked for before: what is beyond is missing later. */
  spend(org: string, looks: number): void {
    this.#left -= looks;
    this.#used.set(org, (this.#used.get(org) ?? 0) + looks);
  }
}

/** Detections that are read at a time: a millisecond or two. */
const PAGE = 500;

/** Detections of one attacker: some 15 MB. */
const MOST_OF_ONE = 50_000;
const MOST_OF_AN_ORG = 10_000;

/** Some 20 s, in turns with all else. */
const MOST_LOOKS = { inAll: 20_000_000, ofAnOrg: 4_000_000 };
