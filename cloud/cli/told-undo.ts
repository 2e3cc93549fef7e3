import { undoEffects } from "../journal/undo-events.js";
import type { Undoing, UndoTold } from "./ask-undo.js";
import { VENDOR } from "./decisions-command.js";
import { placeText, type Told } from "./told-bans.js";
import { counted, few, momentOf, untilText } from "./words.js";

type Counts = UndoTold["counts"];
type RangeUndone = UndoTold["first"][number];

/** What undoing a decision came to: what changed, and what stays and why. */
export function toldUndo(answer: UndoTold): Told {
  const { undoes, counts, changedBy, first, dryRun, wrong } = answer;
  const done = counts.lifted + counts.restored;
  const { changed } = counts;
  const found = wrong && !dryRun ? ", and found it wrong" : "";
  const what = countsText(counts) === "" ? "no ranges" : countsText(counts);
  const head = dryRun
    ? `would undo ${undoes}: ${what}; nothing was done`
    : `undid ${undoes} ${placeText(answer)}${found}: ${what}`;
  const nothing = `${undoes}: ${what}${found}`;
  return {
    out: [
      done > 0 ? head : nothing,
      ...changedBy.map(changeLine),
      ...few(first.flatMap(lineOf), MOST_LINES),
    ],
    err: [],
    isPartial: changed > 0,
    failure: failureOf(done, changed, dryRun),
  };
}

/** "12 lifted, 3 restored". */
export const countsText = (counts: Counts): string =>
  undoEffects
    .flatMap((effect) => {
      const count = counts[effect];
      return count === 0 ? [] : `${counted(count, "range")} ${WORDS[effect]}`;
    })
    .join(", ");

const WORDS = {
  lifted: "lifted",
  restored: "as before again",
  "as-before": "it had not changed",
  changed: "decided on since",
  expired: "run out",
} as const;

const changeLine = ({ decision, by, ranges }: UndoTold["changedBy"][number]) =>
  `stays: ${counted(ranges, "range")} decided on since by ${by ?? VENDOR} (${decision})`;

/** Only what is not as the first line has it of all. */
function lineOf({ range, until, observed }: RangeUndone): readonly string[] {
  if (until === null) return [];
  return [
    `${range}: ${observed ? "observed" : "banned"} ${untilText(until)} as before`,
  ];
}

function failureOf(
  done: number,
  changed: number,
  dryRun: boolean,
): Told["failure"] {
  if (done === 0) {
    const message = dryRun ? "nothing would change" : "nothing changed";
    return { message, exitCode: 1 };
  }
  if (changed === 0) return undefined;
  const message = `done in part: ${counted(changed, "range")} decided on since`;
  return { message, exitCode: 3 };
}

/** Of a decision: when it was undone, and by whom. */
export const undoneLine = (each: Undoing): string => {
  const { at, by, decision, wrong, reason, counts } = each;
  const what = countsText(counts);
  const said = [
    `undone ${momentOf(at)} by ${by ?? VENDOR}`,
    ...(decision === null ? [] : [`in ${decision}`]),
    ...(wrong ? ["found wrong"] : []),
    ...(what === "" ? [] : [what]),
  ];
  return `${said.join(", ")}: ${reason}`;
};

const MOST_LINES = 20;
