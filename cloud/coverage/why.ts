import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import type { BansPage, BansQuery } from "../feeds/snapshots/ban-listing.js";
import type { NamedBy, Naming } from "../feeds/snapshots/list-names.js";
import type { HostOutcome } from "../receipts/host-outcome.js";
import type {
  DetectionEntry,
  Sighting,
  SightingsQuery,
  TelemetryQuery,
} from "../telemetry/telemetry.js";
import type { Coverage } from "./coverage.js";
import type { GuardedBy } from "./guarded.js";
import type { Share } from "./tally.js";

/** Whose view it is: what is of other orgs is left out. */
export interface Viewer {
  readonly org: string | null;
  /** Whose bans it reads; undefined: of all. */
  readonly feeds: readonly FeedName[] | undefined;
  /** Aborted once it waits no longer. */
  readonly gone: AbortSignal;
}

/** A ban that covers what is asked about, or lies in it, and who holds it. */
export interface BanCovered {
  readonly ban: StandingBan;
  readonly decision: DecisionEntry | undefined;
  readonly share: Share | undefined;
  /** How many hosts hold it, by rule: of orders, not of lists as a whole. */
  readonly held: readonly { readonly rule: string; readonly hosts: number }[];
}

/** What hosts of an org saw of somebody. */
export interface Seen {
  readonly org: string;
  readonly hosts: number;
  readonly failures: number;
  /** How many of the hosts banned it by themselves. */
  readonly banned: number;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
}

/** Somebody says that an address is banned wrongly. Times in ms since 1970. */
export interface ContestOn {
  readonly contest: string;
  readonly openedAt: number;
  readonly answerBy: number;
  readonly isOverdue: boolean;
  /** What somebody said to it; null while it waits. */
  readonly verdict: "released" | "shortened" | "refused" | null;
}

/** Why a range is banned across the fleet, and who had to do with it. */
export interface Why {
  readonly range: string;
  readonly bans: readonly BanCovered[];
  /** Of bans, all there are. */
  readonly total: number;
  /** The first lists that name it, and how often it is named in all. */
  readonly lists: readonly Naming[];
  readonly listsTotal: number;
  readonly hits: readonly Sighting[];
  readonly seen: readonly Seen[];
  /** Guards that protect it, whatever bans it. */
  readonly guarded: readonly GuardedBy[];
  /** The vendor's people alone know of them. */
  readonly contests: readonly ContestOn[];
}

export interface WhyPorts {
  readonly bans: (query: BansQuery) => Promise<BansPage>;
  readonly naming: (
    range: Cidr,
    feeds: readonly FeedName[] | undefined,
  ) => NamedBy;
  readonly decision: (id: string) => DecisionEntry | undefined;
  readonly coverage: Pick<Coverage, "of" | "round">;
  readonly sightings: (query: SightingsQuery) => readonly Sighting[];
  readonly detections: (query: TelemetryQuery) => readonly DetectionEntry[];
  readonly guarded: (range: Cidr, org: string | null) => readonly GuardedBy[];
  readonly contests: (address: string) => readonly ContestOn[];
  readonly clock: { now(): number };
}

/**
 * Puts together all that the cloud knows of a range.
 * @throws GivenUp
 */
export async function whyOf(
  range: Cidr,
  viewer: Viewer,
  ports: WhyPorts,
): Promise<Why> {
  const { org, feeds } = viewer;
  const now = Math.floor(ports.clock.now() / 1_000);
  const page = { limit: MOST_BANS, from: undefined, now };
  const { bans, total } = await ports.bans({ ...page, feeds, range });
  const whose = { range, org: org ?? undefined };
  const hits = { ...whose, after: undefined, limit: MOST_HITS };
  const detected = { agent: undefined, before: undefined, limit: MOST_SEEN };
  const named = ports.naming(range, feeds);
  return {
    range: formatCidr(range),
    bans: await coveredBans(bans, viewer, ports),
    total,
    ...{ lists: named.lists, listsTotal: named.total },
    hits: ports.sightings(hits),
    seen: seenBy(ports.detections({ ...whose, ...detected })),
    guarded: ports.guarded(range, org),
    contests: org === null ? ports.contests(formatCidr(range)) : [],
  };
}

const MOST_BANS = 20;
const MOST_HITS = 100;

/** The newest detections that are added up. */
const MOST_SEEN = 2_000;

/** Several bans of one decision are looked up once. */
async function coveredBans(
  bans: readonly StandingBan[],
  { org, gone }: Viewer,
  { decision, coverage }: WhyPorts,
): Promise<readonly BanCovered[]> {
  if (bans.length === 0) return [];
  const round = await coverage.round(org, gone);
  const known = new Map<string, Omit<BanCovered, "ban">>();
  for (const { decision: id } of bans) {
    if (known.has(id)) continue;
    const entry = decision(id);
    const told = entry && (await coverage.of(entry, round));
    known.set(id, {
      ...{ decision: entry, share: told?.covered },
      held: entry && told ? heldBy(entry, told.hosts) : [],
    });
  }
  const nothing = { decision: undefined, share: undefined, held: [] };
  return bans.map((ban) => ({
    ban,
    ...(known.get(ban.decision) ?? nothing),
  }));
}

/** What hosts hold of a list may be anything but the range. */
function heldBy(
  { targets, ranges }: DecisionEntry,
  hosts: readonly HostOutcome[],
): BanCovered["held"] {
  if (targets.length !== ranges) return [];
  const counts = new Map<string, number>();
  for (const { held } of hosts) {
    for (const rule of Object.keys(held)) {
      counts.set(rule, (counts.get(rule) ?? 0) + 1);
    }
  }
  return [...counts].map(([rule, count]) => ({ rule, hosts: count }));
}

function seenBy(detections: readonly DetectionEntry[]): readonly Seen[] {
  const byOrg = new Map<string, DetectionEntry[]>();
  for (const each of detections) {
    const own = byOrg.get(each.org);
    if (own === undefined) byOrg.set(each.org, [each]);
    else own.push(each);
  }
  const agents = (own: readonly DetectionEntry[]): number =>
    new Set(own.map(({ agent }) => agent)).size;
  return [...byOrg].map(([org, own]) => ({
    ...{ org, hosts: agents(own) },
    failures: own.reduce((sum, { count }) => sum + count, 0),
    banned: agents(own.filter(({ action }) => action === "banned")),
    lastSeen: Math.max(...own.map(({ time }) => time)),
  }));
}
