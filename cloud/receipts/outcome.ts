import type { Receipt } from "../../agent/protocol/documents.js";
import { isoTime } from "../../agent/text/time.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { TrialEnd } from "../telemetry/statements.js";
import type { TakenBack } from "../telemetry/telemetry.js";

/**
 * What became of a decision on a host, as far as the cloud was told.
 * - `in-force`: read back from the kernel, all of it.
 * - `observed`: the host counts, and drops nothing.
 * - `on-trial`: in force, and taken back unless the host is seen to live on.
 * - `taken-back`: the host did not, and holds it.
 * - `held`, `held-in-part`: guards hold it, or some of it, and say which rule.
 * - `passed`: taken in; the host's receipt is of a later change.
 * - `refused`: the host did not believe it.
 * - `waiting`: it is connected, and has not answered. `offline`: it is not there.
 */
export const hostStates = [
  ...(["in-force", "observed", "on-trial", "taken-back", "held"] as const),
  ...(["held-in-part", "passed", "refused", "waiting", "offline"] as const),
] as const;
export type HostState = (typeof hostStates)[number];

export interface HostOutcome extends Said {
  readonly agent: string;
  readonly hostname: string;
  readonly org: string;
  readonly connected: boolean;
  /** When it was last heard: milliseconds since 1970; null: never, or it is here. */
  readonly offlineSince: number | null;
}

export interface Said {
  readonly state: HostState;
  /** Milliseconds from the last byte to the kernel's read-back. */
  readonly enforcedMs: number | null;
  /** How many bans of it are held, by rule. */
  readonly held: Readonly<Record<string, number>>;
  /** A refusal's code and detail, why it was taken back, until when it is tried. */
  readonly detail: string;
}

/** What a host said of a decision. */
export interface Heard {
  /** Its receipts within the decision, one a place. */
  readonly during: readonly Receipt[];
  /** Its first receipt behind it. */
  readonly later: Receipt | undefined;
  /** Its newest refusal of the feed since. */
  readonly refusal:
    { readonly code: string; readonly detail: string } | undefined;
}

export interface Around {
  /** As the host's health told it: of one feed, and no change in particular. */
  readonly takenBack: readonly TakenBack[];
  /** As the device stated it, of this very change. */
  readonly trialEnds: readonly TrialEnd[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function outcomeOf(
  decision: DecisionEntry,
  { during, later, refusal }: Heard,
  around: Around,
): Said {
  const newest = during.at(-1);
  if (newest?.position.offset === decision.last) {
    return answered(decision, during, newest, around);
  }
  if (later !== undefined) return said("passed", { enforcedMs: null });
  if (refusal !== undefined) {
    return said("refused", { detail: `${refusal.code}: ${refusal.detail}` });
  }
  return said("waiting", {});
}

function answered(
  decision: DecisionEntry,
  during: readonly Receipt[],
  newest: Receipt,
  around: Around,
): Said {
  const { enforcedMs } = newest;
  const held = heldBy(decision, during);
  const count = Object.values(held).reduce((sum, each) => sum + each, 0);
  const common = { enforcedMs, held };
  if (count > 0 && count >= decision.ranges) return said("held", common);
  const tried = during.filter(({ trial }) => trial !== undefined);
  const back = takenBack(decision, tried, around);
  if (back !== undefined) {
    return said("taken-back", { ...common, detail: back.text });
  }
  const until = Math.max(0, ...tried.map(({ trial }) => trial?.until ?? 0));
  if (until > around.now && !haveAllEnded(decision, tried, around)) {
    const detail = `until ${isoTime(until)}`;
    return said("on-trial", { ...common, detail });
  }
  if (count > 0) return said("held-in-part", common);
  if (newest.mode === "observe" || decision.observed) {
    return said("observed", common);
  }
  return said("in-force", common);
}

/** By statement where the host makes them, else by what its health told. */
function takenBack(
  { feed }: DecisionEntry,
  tried: readonly Receipt[],
  { takenBack, trialEnds }: Around,
): TakenBack | undefined {
  const ends = endsOf(feed, tried, trialEnds);
  if (ends.length > 0) return ends.find(({ passed }) => !passed);
  return takenBack.find(
    ({ time, text }) =>
      text.includes(` of ${feed}:`) &&
      tried.some(({ receivedAt }) => receivedAt <= time),
  );
}

/** A host may state the same end again: each trial is looked at for itself. */
const haveAllEnded = (
  { feed }: DecisionEntry,
  tried: readonly Receipt[],
  { trialEnds }: Around,
): boolean => tried.every((each) => endsOf(feed, [each], trialEnds).length > 0);

/** A trial goes by the revision of the receipt that told of it. */
const endsOf = (
  feed: string,
  tried: readonly Receipt[],
  ends: readonly TrialEnd[],
): readonly TrialEnd[] =>
  ends.filter(
    (end) =>
      end.feed === feed &&
      tried.some(({ revision }) => revision === end.revision),
  );

/** By rule; a receipt names so many ranges, and counts the others. */
function heldBy(
  { action, ranges, targets }: DecisionEntry,
  during: readonly Receipt[],
): Readonly<Record<string, number>> {
  if (action === "lift") return {};
  const counts = new Map<string, number>();
  const count = (rule: string, by: number) =>
    counts.set(rule, (counts.get(rule) ?? 0) + by);
  // A receipt of a snapshot tells of all that it held.
  const own = targets.length === ranges ? new Set(targets) : undefined;
  for (const { held, heldTotal } of during) {
    const ours = held.filter(({ range }) => own?.has(range) ?? true);
    for (const { rule } of ours) count(rule, 1);
    const unnamed = heldTotal - held.length;
    if (unnamed > 0 && own === undefined) count("others", unnamed);
  }
  return Object.fromEntries(counts);
}

const said = (state: HostState, more: Partial<Said>): Said => ({
  ...{ state, enforcedMs: null, held: {}, detail: "" },
  ...more,
});
