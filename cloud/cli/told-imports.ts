import type { BanEffect } from "../decide/effects.js";
import { isDone } from "../decide/effects.js";
import { formatNames } from "../lists/judge.js";
import type { ListReport } from "../lists/list.js";
import type { ImportTold } from "./ask-bans.js";
import {
  failureOf,
  howMany,
  placeText,
  ringLines,
  type Told,
} from "./told-bans.js";
import { heldLines } from "./told-held.js";
import { counted, grouped } from "./words.js";

/** What importing a list came to, and how it was read. */
export function toldImport(answer: ImportTold, observe: boolean): Told {
  const { counts, held, heldFirst, feed, entries, replaced } = answer;
  const all = Object.entries(counts) as [BanEffect, number][];
  const done = sumOf(all.filter(([effect]) => isDone(effect)));
  const changed = done + (replaced?.lifted ?? 0);
  const effects = all.map(
    ([effect, count]) => `${grouped(count)} ${IMPORTED[effect]}`,
  );
  const failure = failureOf({
    ...{ all: entries, done: changed, kept: 0, dryRun: answer.dryRun },
    held: sumOf(Object.entries(held)),
  });
  return {
    out: [
      ...(changed > 0 ? [summary(answer, done, observe)] : []),
      ...(done > 0 ? ringLines(answer.rings) : []),
      ...(effects.length > 0 ? [effects.join(", ")] : []),
      ...replacedLines(answer),
      readText(answer),
    ],
    err: [...heldLines(heldFirst, feed, held), ...rejectionLines(answer)],
    isPartial: answer.rejected > 0,
    failure: withRejected(failure, answer),
  };
}

function summary(answer: ImportTold, done: number, observe: boolean): string {
  const { feed, entries, dryRun } = answer;
  const what = howMany(done, entries);
  if (!dryRun) {
    return `${observe ? "observed" : "banned"} ${what} ${placeText(answer)}`;
  }
  const would = observe ? "observe" : "ban";
  return `would ${would} ${what} in ${feed}; nothing was done`;
}

function replacedLines({ dryRun, replaced }: ImportTold): readonly string[] {
  if (replaced === null) return [];
  const { before, lifted, kept } = replaced;
  const lift = dryRun ? "would lift" : "lifted";
  const more =
    kept === 0
      ? ""
      : `; ${grouped(kept)} more stay, since others ban them as well`;
  return [
    `${lift} ${grouped(lifted)} of ${counted(before, "range")} that the list brought before${more}`,
  ];
}

function readText({ format, masked, duplicates, rejected }: ImportTold) {
  const as = format === null ? "an empty list" : formatNames[format];
  const lines = counted(rejected, "line");
  return `read as ${as}: ${grouped(masked)} masked, ${counted(duplicates, "duplicate")}, ${lines} rejected`;
}

/** The first lines that were rejected, and how many more there are. */
export function rejectionLines(
  report: Pick<ListReport, "rejections" | "rejected">,
): readonly string[] {
  const { rejections, rejected } = report;
  const more = rejected - rejections.length;
  return [
    ...rejections.map(
      ({ line, text, problem }) => `line ${line}: "${text}" ${problem}`,
    ),
    ...(more > 0 ? [`… and ${grouped(more)} more`] : []),
  ];
}

function withRejected(
  failure: Told["failure"],
  { rejected, lines }: ImportTold,
): Told["failure"] {
  if (rejected === 0) return failure;
  const part = `taken in part: ${grouped(rejected)} of ${counted(lines, "line")} were rejected`;
  if (failure === undefined) return { message: part, exitCode: 3 };
  return { ...failure, message: `${failure.message}; ${part}` };
}

const sumOf = (counts: readonly (readonly [string, number])[]): number =>
  counts.reduce((sum, [, count]) => sum + count, 0);

/** An import keeps what is more than it brings. */
const IMPORTED: Readonly<Record<BanEffect, string>> = {
  new: "new",
  extended: "extended",
  enforced: "enforced that were only observed",
  shortened: "shortened",
  weakened: "weakened",
  unchecked: "not compared with what was banned before",
  unchanged: "unchanged",
  "would-shorten": "kept: they last longer",
  "would-weaken": "kept: they are enforced, not only observed",
};
