import type { Contest } from "../contest/contests.js";
import { isFor } from "../feeds/audience.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { Turns } from "../rate/turns.js";
import type { Month } from "./month.js";

/** How contests ended that were opened in a month. */
export interface ContestCounts {
  readonly opened: number;
  readonly released: number;
  readonly shortened: number;
  readonly refused: number;
  readonly waiting: number;
}

export interface ContestsPorts {
  readonly contests: (query: {
    readonly all: true;
    readonly limit: number;
    readonly before: number | undefined;
  }) => readonly Contest[];
  readonly decision: (id: string) => DecisionEntry | undefined;
}

/**
 * Of those that are about bans which an org's hosts are to hold.
 * @throws GivenUp
 */
export async function contestsIn(
  org: string,
  { from, to }: Month,
  { contests, decision }: ContestsPorts,
  turns: Turns,
): Promise<ContestCounts> {
  const counts = { opened: 0, released: 0, shortened: 0, refused: 0 };
  let waiting = 0;
  for (let before: number | undefined; ;) {
    const page = contests({ all: true, limit: A_PAGE, before });
    for (const { openedAt, about, answered } of page) {
      if (openedAt < from || openedAt >= to) continue;
      const feeds = about.flatMap((id) => decision(id)?.feed ?? []);
      if (!feeds.some((feed) => isFor(org, feed))) continue;
      counts.opened += 1;
      if (answered === null) waiting += 1;
      else counts[answered.verdict] += 1;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < A_PAGE || last.openedAt < from) {
      return { ...counts, waiting };
    }
    before = last.seq;
    await turns.next();
  }
}

/** Some milliseconds; no more than 10,000 are kept. */
const A_PAGE = 256;
