import { HELD_BY_POLICY } from "../../agent/guard/guard.js";
import { RING_WAITS } from "../../agent/model/rings.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import { isoTime } from "../../agent/text/time.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { TrialEnd } from "../telemetry/statements.js";
import type { TakenBack } from "../telemetry/telemetry.js";
import type { Answer, Around, Heard, HostState, Said } from "./host-outcome.js";
import { sinceThen } from "./since-then.js";

export function outcomeOf(
  decision: DecisionEntry,
  { during, isBeyond, refusal }: Heard,
  around: Around,
): Said {
  const newest = during.at(-1);
  const isWhole = newest?.receipt.position.offset === decision.last;
  if (newest && (isWhole || isBeyond)) {
    const answer = answered(decision, during, newest, around);
    const word = isWhole ? answer : inferred(answer);
    return sinceThen(decision, word, newest, around);
  }
  if (isBeyond) {
    const passed = said("passed", { sure: "inferred" });
    return sinceThen(decision, passed, undefined, around);
  }
  if (refusal !== undefined) {
    const detail = `${refusal.code}: ${refusal.detail}`;
    return said("refused", { sure: "said", detail });
  }
  return WAITING;
}

/** Receipts without held bans may be left out: what the others say is all of it. */
const inferred = (answer: Said): Said =>
  answer.sure === "proven" ? { ...answer, sure: "inferred" } : answer;

function answered(
  decision: DecisionEntry,
  during: readonly Answer[],
  { receipt: newest }: Answer,
  around: Around,
): Said {
  const { enforcedMs } = newest;
  const receipts = during.map(({ receipt }) => receipt);
  const named = heldBy(decision, receipts);
  const held = stillHeld(decision, named, around);
  const count = Object.values(held).reduce((sum, each) => sum + each, 0);
  const common: Partial<Said> =
    held === named
      ? { enforcedMs, held }
      : { enforcedMs: null, held, sure: "inferred" };
  if (count > 0 && isForItsRing(held)) {
    return ringed(decision, newest, common, around);
  }
  if (count > 0 && count >= decision.ranges) return said("held", common);
  const tried = receipts.filter(({ trial }) => trial !== undefined);
  const back = takenBack(decision, tried, around);
  if (back !== undefined) {
    const sure = "feed" in back ? "proven" : "said";
    return said("taken-back", { ...common, sure, detail: back.text });
  }
  const until = Math.max(0, ...tried.map(({ trial }) => trial?.until ?? 0));
  if (until > around.now && !haveAllEnded(decision, tried, around)) {
    const detail = `until ${isoTime(until)}`;
    return said("on-trial", { ...common, detail });
  }
  if (count > 0) return said("held-in-part", common);
  return said(stateBy(decision, newest), common);
}

const stateBy = (
  { observed }: DecisionEntry,
  { mode }: Receipt,
): "observed" | "in-force" =>
  mode === "observe" || observed ? "observed" : "in-force";

/** No host says again that its ring's time has come: that follows from the time. */
function ringed(
  decision: DecisionEntry,
  newest: Receipt,
  common: Partial<Said>,
  { ringAt, now }: Around,
): Said {
  if (ringAt !== null && ringAt <= now) {
    const more = { enforcedMs: null, held: {}, sure: "inferred" } as const;
    return said(stateBy(decision, newest), more);
  }
  const detail = ringAt === null ? "" : `until ${isoTime(ringAt)}`;
  return said("ring", { ...common, detail });
}

/** What a receipt leaves unnamed is held by what it names. */
const isForItsRing = (held: Said["held"]): boolean =>
  held[RING_WAITS] !== undefined &&
  Object.keys(held).every((rule) => rule === RING_WAITS || rule === UNNAMED);

/** By statement where the host makes them, else by what its health told. */
function takenBack(
  { feed }: DecisionEntry,
  tried: readonly Receipt[],
  { takenBack, trialEnds }: Around,
): TakenBack | TrialEnd | undefined {
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
    if (unnamed > 0 && own === undefined) count(UNNAMED, unnamed);
  }
  return Object.fromEntries(counts);
}

/**
 * No host says again that its policy holds bans no more, though it enforces them
 * within a minute: that follows from the policy that it goes by. It tells of no
 * range that the decision does not name.
 */
function stillHeld(
  { targets, ranges }: DecisionEntry,
  named: Said["held"],
  { byPolicy }: Around,
): Said["held"] {
  const { [HELD_BY_POLICY]: before = 0, ...others } = named;
  const now = byPolicy[HELD_BY_POLICY] ?? 0;
  if (targets.length !== ranges || before <= now) return named;
  return { ...others, ...(now > 0 && { [HELD_BY_POLICY]: now }) };
}

/** Of bans whose rule a receipt had no room for. */
const UNNAMED = "others";

/** Of a host that has not answered. */
export const WAITING: Said = {
  ...({ state: "waiting", sure: null, enforcedMs: null } as const),
  ...{ held: {}, detail: "" },
};

const said = (state: HostState, more: Partial<Said>): Said => ({
  ...({ state, sure: "proven", enforcedMs: null, held: {} } as const),
  ...{ detail: "", ...more },
});
