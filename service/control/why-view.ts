import type { Remembered } from "../../agent/attribution/contacts.js";
import type {
  Counters,
  Lookup,
  Ruleset,
} from "../../agent/enforce/enforcer.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { FOREVER } from "../../agent/model/ban.js";
import {
  bits,
  formatCidr,
  lastAddressOf,
  overlaps,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { Hit } from "../../agent/model/hit.js";
import { unixSeconds, type BanClock } from "../../agent/runtime/clock.js";
import { messageOf } from "../../agent/text/message.js";
import { isoTime } from "../../agent/text/time.js";
import { callersByWay, hitView, mostOf, type HitView } from "./hits-view.js";

/** Why packets of an address are dropped, or are not. */
export interface WhyView {
  /** What was asked for, in canonical form. */
  readonly range: string;
  /** Whether the kernel drops packets from and to it now: it was asked. */
  readonly dropped: Dropped;
  /** Why the kernel could not be asked; null when it was. */
  readonly unknown: string | null;
  /** The guard's rule that keeps bans off it; null for none, or not known. */
  readonly protectedBy: string | null;
  /** What the kernel does about bans; null when it holds none of ours. */
  readonly mode: "enforce" | "observe" | null;
  /** Every feed's bans on it or around it, the narrowest first. */
  readonly bans: readonly CoveringBan[];
  /** Bans on parts of a range, and whether there are more than are listed. */
  readonly within: readonly CoveringBan[];
  readonly moreWithin: boolean;
  /** What the kernel has counted for it, those with the most packets first. */
  readonly hits: readonly HitView[];
}

export type Dropped = "yes" | "partly" | "no" | "unknown";

export interface CoveringBan {
  readonly range: string;
  readonly feed: string;
  readonly reason: string;
  /** ISO 8601; null for a ban that an earlier version recorded. */
  readonly since: string | null;
  /** ISO 8601; null for a ban without an end. */
  readonly expires: string | null;
  /** A host that observes drops nothing; its bans say what they would do. */
  readonly state: "enforced" | "would-be-dropped" | "observed" | "held";
  /** The guard's rule that holds it; null unless held. */
  readonly rule: string | null;
  /** ISO 8601: when this host's ring has its turn; null where it never waited. */
  readonly begins: string | null;
}

/** What is asked of the kernel. */
export type AskedKernel = Pick<Ruleset, "read"> &
  Pick<Lookup, "wouldDrop"> &
  Pick<Counters, "hits">;

/** What the answer is put together from; all of it may be asked at any time. */
export interface WhyPorts {
  readonly ledger: Pick<Ledger, "bansOn" | "bansWithin">;
  readonly enforcer: AskedKernel;
  readonly clock: Pick<BanClock, "now">;
  readonly contacts: () => readonly Remembered[];
  /** The guard's rule that would hold a ban on exactly this. */
  readonly guardedBy: (cidr: Cidr) => string | undefined;
}

export async function whyOf(cidr: Cidr, ports: WhyPorts): Promise<WhyView> {
  const { hits, mode, ends, unknown } = await askKernel(cidr, ports);
  const { ledger } = ports;
  const now = unixSeconds(ports.clock.now());
  const bans = ledger.bansOn(cidr, now).map((ban) => coveringBan(ban, mode));
  const within = ledger.bansWithin(cidr, now, MOST_WITHIN + 1);
  const isOne = cidr.prefix === bits(cidr.family);
  const isWhole = isOne || bans.some(({ state }) => state === "enforced");
  return {
    range: formatCidr(cidr),
    dropped: ends === undefined ? "unknown" : verdictOf(ends, isWhole),
    ...{ unknown, mode },
    protectedBy: ports.guardedBy(cidr) ?? null,
    bans,
    within: within.slice(0, MOST_WITHIN).map((ban) => coveringBan(ban, mode)),
    moreWithin: within.length > MOST_WITHIN,
    hits,
  };
}

interface KernelAnswer extends Pick<WhyView, "unknown" | "mode" | "hits"> {
  /** Whether the first and the last address are dropped. */
  readonly ends: readonly boolean[] | undefined;
}

/** Without an answer of the kernel's, the ledger's part is told all the same. */
async function askKernel(
  cidr: Cidr,
  { enforcer, contacts }: WhyPorts,
): Promise<KernelAnswer> {
  try {
    const kernel = await enforcer.read();
    const mode = kernel.at === "absent" ? null : kernel.posture.mode;
    const ends = await enforcer.wouldDrop([firstOf(cidr), lastAddressOf(cidr)]);
    const callers = callersByWay(contacts());
    const isAsked = ({ remote }: Hit) => overlaps(cidr, remote);
    const most = { limit: MOST_HITS, isAsked };
    const hits = await mostOf(await enforcer.hits(), most);
    const views = hits.map((hit) => hitView(hit, callers));
    return { ends, unknown: null, mode, hits: views };
  } catch (error) {
    const unknown = messageOf(error);
    return { ends: undefined, unknown, mode: null, hits: [] };
  }
}

const firstOf = ({ family, address }: Cidr): Cidr => ({
  family,
  address,
  prefix: bits(family),
});

/** The ends of a range tell of all between them only where one ban covers it. */
function verdictOf(ends: readonly boolean[], isWhole: boolean): Dropped {
  if (ends.every(Boolean) && isWhole) return "yes";
  return ends.some(Boolean) ? "partly" : "no";
}

type LedgerBan = ReturnType<Ledger["bansOn"]>[number];

function coveringBan(ban: LedgerBan, mode: WhyView["mode"]): CoveringBan {
  const { held, expiresAt, recordedAt } = ban;
  const enforced = mode === "observe" ? "would-be-dropped" : "enforced";
  const unheld = ban.observed ? "observed" : enforced;
  return {
    range: formatCidr(ban.cidr),
    feed: ban.feed,
    reason: ban.reason,
    since: recordedAt === undefined ? null : isoTime(recordedAt * 1_000),
    expires: expiresAt >= FOREVER ? null : isoTime(expiresAt * 1_000),
    state: held === undefined ? unheld : "held",
    rule: held ?? null,
    begins: ban.ringAt === undefined ? null : isoTime(ban.ringAt * 1_000),
  };
}

const MOST_WITHIN = 100;
const MOST_HITS = 100;
