import {
  placeOf,
  type Attacker,
  type Attackers,
  type AttackerPlace,
} from "../attacks/attackers.js";
import type { Turns } from "../rate/turns.js";
import type { Month } from "./month.js";

/** Whom an org's hosts saw in a month, as far as they are kept. */
export interface AttackersIn {
  /** First seen before its end, and last seen since its beginning. */
  readonly seen: number;
  /** Those with the most failures: of all that is kept of them. */
  readonly top: readonly Attacker[];
}

/** @throws GivenUp */
export async function attackersIn(
  org: string,
  { from, to }: Month,
  behind: Attackers["behind"],
  turns: Turns,
): Promise<AttackersIn> {
  const asked = { org, order: "failures" } as const;
  const top: Attacker[] = [];
  let seen = 0;
  for (let place: AttackerPlace | undefined; ;) {
    const rows = behind(asked, place, AT_ONCE);
    for (const row of rows) {
      if (row.firstSeen >= to || row.lastSeen < from) continue;
      seen += 1;
      if (top.length < MOST_NAMED) top.push(row);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < AT_ONCE) return { seen, top };
    place = placeOf(last, "failures");
    await turns.next();
  }
}

/** Attackers that are read at once: a few milliseconds. */
const AT_ONCE = 256;

/** On a page that is printed. */
const MOST_NAMED = 20;
