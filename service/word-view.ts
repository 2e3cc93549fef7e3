import type { AgentView } from "../agent/agent.js";
import { unixSeconds, type Clock } from "../agent/clock.js";
import { formatCidr } from "../agent/model/cidr.js";

/** What `tourniquet history --json` prints, one for each revision. */
export interface RevisionView {
  readonly revision: number;
  readonly at: string;
  readonly cause: string;
  /** Whose segment or snapshot it was; null for what the host did itself. */
  readonly feed: string | null;
  /** Of a rollback: the revision that it went back to. */
  readonly target: number | null;
  /** How many ranges it changed. */
  readonly changed: number;
  /** What the segment or snapshot came to; null where there was none. */
  readonly counts: Readonly<
    Record<"banned" | "observed" | "lifted" | "held", number>
  > | null;
}

export interface HistoryView {
  /** The earliest revision that can be gone back to. */
  readonly from: number;
  /** What `tourniquet rollback` goes back to by itself. */
  readonly last: number | null;
  readonly revisions: readonly RevisionView[];
}

/** One of what `tourniquet release --list` prints. */
export interface ReleaseView {
  readonly range: string;
  readonly since: string;
  readonly until: string;
  readonly reason: string;
}

/** One of what `tourniquet history --orders` prints. */
export interface OrderView {
  readonly at: string;
  readonly who: string;
  readonly what: string;
}

export function historyOf({ ledger }: AgentView, limit: number): HistoryView {
  const outcomes = new Map(
    ledger.outcomes(limit).map((each) => [each.revision, each]),
  );
  const revisions = ledger.word.history(limit).map(({ at, ...each }) => {
    const outcome = outcomes.get(each.revision);
    if (outcome === undefined) {
      return { ...each, at: iso(at), feed: null, counts: null };
    }
    const { banned, observed, lifted, held, position } = outcome;
    const counts = { banned, observed, lifted, held };
    return { ...each, at: iso(at), feed: position.feed, counts };
  });
  const { from, last } = ledger.word.reach();
  return { from, last: last ?? null, revisions };
}

export function releasesOf({
  agent,
  clock,
}: {
  readonly agent: AgentView;
  readonly clock: Clock;
}): readonly ReleaseView[] {
  const releases = agent.ledger.word.releases(unixSeconds(clock.now()));
  return releases.map(({ cidr, since, until, reason }) => ({
    range: formatCidr(cidr),
    ...{ since: iso(since), until: iso(until), reason },
  }));
}

export const ordersOf = (
  { ledger }: AgentView,
  limit: number,
): readonly OrderView[] =>
  ledger.word
    .orders(limit)
    .map(({ at, who, what }) => ({ at: iso(at), who, what }));

const iso = (seconds: number) => new Date(seconds * 1_000).toISOString();
