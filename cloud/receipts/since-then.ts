import { isOfPolicy } from "../../agent/guard/guard.js";
import { covers, parseCidr, type Cidr } from "../../agent/model/cidr.js";
import type { Mode } from "../../agent/model/mode.js";
import { isoTime } from "../../agent/text/time.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type {
  Answer,
  Around,
  HostState,
  Said,
  StatedSince,
} from "./host-outcome.js";

/**
 * What a host answered, in the light of what its device stated after that, and of
 * the policy that it goes by: its operator, its own trials and its org may have made
 * the answer untrue.
 * @param answer of the decision itself; undefined: only of what came later
 */
export function sinceThen(
  { action, feed, observed, ...decision }: DecisionEntry,
  said: Said,
  answer: Answer | undefined,
  around: Around,
): Said {
  if (action === "lift" || !HOLDING.has(said.state)) return said;
  const stated = around.stated.filter(({ seq }) => seq > (answer?.seq ?? 0));
  const word = confirmed(said, { feed, ...decision }, stated);
  if (word.state === "taken-back") return word;
  // A receipt of what was released before would name it as held.
  const released = releasedBy(decision, around.stated, around.now);
  if (released !== undefined) {
    return { ...word, state: "released", sure: "proven", detail: released };
  }
  if (answer && isRolledBack(answer, stated)) {
    return { ...word, state: "rolled-back", sure: "proven", detail: "" };
  }
  const left = heldByPolicy(word, decision, around);
  if (left !== undefined) return left;
  return inKernel(observed ? word : inMode(word, around), around);
}

/** A host says again by which policy it goes, and not what its old receipts name. */
function heldByPolicy(
  word: Said,
  { ranges }: Pick<DecisionEntry, "ranges">,
  { byPolicy }: Around,
): Said | undefined {
  if (Object.keys(byPolicy).length === 0) return undefined;
  const others = Object.entries(word.held).filter(
    ([rule]) => !isOfPolicy(rule),
  );
  const held = { ...Object.fromEntries(others), ...byPolicy };
  const count = Object.values(held).reduce((sum, each) => sum + each, 0);
  const state = count >= ranges ? "held" : "held-in-part";
  return { ...word, state, sure: "inferred", held, detail: "" };
}

/** No receipt holds for a kernel that somebody has emptied since. */
function inKernel(word: Said, { notEnforcing }: Around): Said {
  if (notEnforcing === undefined || word.state === "observed") return word;
  const told = { sure: "said", detail: notEnforcing } as const;
  return { ...word, state: "not-enforcing", ...told };
}

/** States in which the host has the bans, one way or the other. */
const HOLDING: ReadonlySet<HostState> = new Set([
  ...(["in-force", "observed", "on-trial"] as const),
  ...(["taken-back", "held-in-part", "passed"] as const),
]);

/** What was taken back is in force once the host's operator says so. */
function confirmed(
  said: Said,
  { feed, ...of }: Pick<DecisionEntry, "feed" | "targets" | "ranges">,
  stated: readonly StatedSince[],
): Said {
  if (said.state !== "taken-back") return said;
  const failed = stated.findLastIndex(
    ({ statement }) =>
      statement.what === "trial-failed" && statement.feed === feed,
  );
  const isConfirmed = stated
    .slice(failed + 1)
    .some(
      ({ statement }) =>
        statement.what === "confirmed" && isOf(statement.range, of),
    );
  if (!isConfirmed) return said;
  return { ...said, state: "in-force", sure: "inferred", detail: "" };
}

/** Whether a range is around all that was decided; absent: it is of all there is. */
function isOf(
  range: string | undefined,
  { targets, ranges }: Pick<DecisionEntry, "targets" | "ranges">,
): boolean {
  if (range === undefined) return true;
  const outer = parseCidr(range);
  const all = targets.map(parseCidr);
  return targets.length === ranges && all.every((each) => covers(outer, each));
}

/** Until when the ranges are released, if all of them are; undefined: they are not. */
function releasedBy(
  { targets, ranges }: Pick<DecisionEntry, "targets" | "ranges">,
  stated: readonly StatedSince[],
  now: number,
): string | undefined {
  const until = new Map<string, number>();
  for (const { statement } of stated) {
    if (statement.what === "released") {
      until.set(statement.range, statement.until);
    } else if (statement.what === "release-ended") {
      until.delete(statement.range);
    }
  }
  const standing = [...until].filter(([, end]) => end > now);
  if (standing.length === 0 || targets.length !== ranges) return undefined;
  const released = standing.map(
    ([range, end]) => [parseCidr(range), end] as const,
  );
  const ends = targets.map((target) => endOf(parseCidr(target), released));
  const first = Math.min(...ends);
  return first > now ? `until ${isoTime(first)}` : undefined;
}

const endOf = (
  target: Cidr,
  released: readonly (readonly [Cidr, number])[],
): number =>
  Math.max(
    ...released.map(([range, end]) => (covers(range, target) ? end : 0)),
  );

/** A ruleset of before the decision is in force again. */
function isRolledBack(
  { receipt }: Answer,
  stated: readonly StatedSince[],
): boolean {
  const turns = stated.flatMap(({ statement }) => {
    if (statement.what === "rollback-undone") return [false];
    const isOurs =
      statement.what === "rolled-back" && statement.revision < receipt.revision;
    return isOurs ? [true] : [];
  });
  return turns.at(-1) ?? false;
}

/** The mode is the whole host's: the newest word of it counts for all it holds. */
function inMode(said: Said, { newest, stated }: Around): Said {
  const last = stated.at(-1);
  const isNewer = last !== undefined && last.seq > newest.seq;
  const mode: Mode = isNewer ? last.statement.mode : newest.mode;
  if (mode === "observe" && said.state !== "observed") {
    const detail = isNewer ? pauseText(last) : "";
    return { ...said, state: "observed", sure: "proven", detail };
  }
  if (mode === "enforce" && said.state === "observed") {
    return { ...said, state: "in-force", sure: "inferred" };
  }
  return said;
}

const pauseText = ({ statement }: StatedSince): string =>
  statement.what === "paused" ? `until ${isoTime(statement.until)}` : "";
