import type { AgentView } from "../../agent/agent.js";
import type { Order } from "../../agent/ledger/revisions.js";
import { isoTime } from "../../agent/text/time.js";
import { proofBans } from "../../agent/walks/telemetry/verdict-watch.js";

/** What a feed has in force here, and since when. */
export interface FeedView {
  readonly feed: string;
  readonly epoch: string;
  readonly offset: number;
  readonly bans: number;
  /** Only counted and reported, not among `bans`. */
  readonly observed: number;
  /** Those beyond what is kept of them included. */
  readonly held: number;
  /** Null where none is remembered. */
  readonly newest: NewestBans | null;
}

/** The newest order of a feed that banned anything. */
export interface NewestBans {
  readonly at: string;
  /** How many it banned. */
  readonly bans: number;
  readonly reason: string;
}

/** Bans that this host is only proven by are no news. */
export function feedViews(
  { ledger }: AgentView,
  now: number,
): readonly FeedView[] {
  const proofs = (feed: string) =>
    feed === "local" ? proofBans(ledger, now) : 0;
  const counts = new Map(ledger.counts().map((each) => [each.feed, each]));
  const beyond = ledger.unkept();
  const newest = newestByFeed(ledger.overrides.history(ORDERS_LOOKED_AT));
  return ledger.positions().map(({ feed, epoch, offset }) => {
    const { bans = 0, observed = 0, held = 0 } = counts.get(feed) ?? {};
    const enforced = bans - observed - held - proofs(feed);
    const unkept = beyond
      .filter((each) => each.feed === feed)
      .reduce((sum, each) => sum + each.bans, 0);
    const more = {
      ...{ observed, held: held + unkept },
      newest: newest.get(feed) ?? null,
    };
    return { feed, epoch, offset, bans: enforced, ...more };
  });
}

/** Of orders, the newest first. */
function newestByFeed(
  orders: readonly Order[],
): ReadonlyMap<string, NewestBans> {
  const newest = new Map<string, NewestBans>();
  for (const { feed, at, banned, observed, reason } of orders) {
    const bans = banned + observed;
    if (feed === null || bans === 0 || newest.has(feed)) continue;
    newest.set(feed, { at: isoTime(at * 1_000), bans, reason });
  }
  return newest;
}

/** A feed that none of these is of has been quiet for long. */
const ORDERS_LOOKED_AT = 100;
