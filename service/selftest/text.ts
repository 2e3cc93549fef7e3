import { table } from "../terminal/table.js";
import {
  worstOf,
  type Cell,
  type Judged,
  type Line,
  type Matrix,
  type Outcome,
} from "./matrix.js";

/** The matrix for people; the last line says how many paths are closed. */
export function matrixText(matrix: Matrix): string {
  const families = matrix.lines[0]?.cells.map(({ family }) => family) ?? [];
  const drawn = table(
    [
      ...["path", "before the ban"],
      ...families.map((family) => `banned, IPv${family}`),
      "after the lift",
    ],
    [...matrix.lines.map(rowOf), socketsRow(matrix)],
  );
  const { banMs, watchedMs, limitMs, closed, of } = matrix;
  return [
    drawn,
    "",
    `Times run from the decision to the last packet that got through. The ban took ${ms(banMs)};`,
    `every path was tried for ${ms(watchedMs)} after it, and is closed when nothing came after ${limitMs} ms.`,
    `${closed}/${of} paths closed`,
  ].join("\n");
}

function rowOf({ path, cells }: Line): readonly string[] {
  return [
    path,
    works(cells, ({ workedBefore }) => workedBefore),
    ...cells.map(({ traffic }) => trafficText(traffic)),
    works(cells, ({ worksAfterLift }) => worksAfterLift),
  ];
}

/** A ban that leaves a socket leaves its process waiting on it. */
function socketsRow({ sockets }: Matrix): readonly string[] {
  const before = sockets.reduce((sum, { open }) => sum + open, 0);
  const left = sockets.map(
    ({ open, established }) => `${established} of ${open}`,
  );
  return ["host sockets established", String(before), ...left, ""];
}

/** What is wrong, in one line; undefined when nothing is. */
export function complaintText({ lines, limitMs }: Matrix): string | undefined {
  const complaints = lines.flatMap(({ path, cells }) =>
    cells.flatMap((cell) => {
      const complaint = complaintOf(cell, limitMs);
      return complaint ? [`${path} (IPv${cell.family}) ${complaint}`] : [];
    }),
  );
  return complaints.length > 0 ? complaints.join("; ") : undefined;
}

function complaintOf(cell: Cell, limitMs: number): string | undefined {
  const { outcome, workedBefore, worksAfterLift, traffic } = cell;
  if (!workedBefore) return "did not work before the ban";
  switch (outcome.is) {
    case "open":
      return `is open (${openIn(traffic).join(", ")})`;
    case "late":
      return `closed only after ${ms(outcome.lastMs)}, not within ${limitMs} ms`;
    case "unproven":
      return "was not tried";
    case "closed":
      return worksAfterLift ? undefined : "does not work after the lift";
  }
}

/** What became of a path, told by the worst of its traffic. */
export function trafficText(traffic: readonly Judged[]): string {
  const open = openIn(traffic).length;
  const isPart = open > 0 && open < traffic.length;
  return `${isPart ? "in part " : ""}${outcomeText(worstOf(traffic))}`;
}

/** The kinds of traffic that get through. */
function openIn(traffic: readonly Judged[]): readonly string[] {
  return traffic
    .filter(({ outcome }) => outcome.is === "open")
    .map(({ label }) => label);
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.is) {
    case "closed":
      return `closed, ${ms(outcome.lastMs)}`;
    case "late":
      return `late, ${ms(outcome.lastMs)}`;
    case "open":
      return "OPEN";
    case "unproven":
      return "not known";
  }
}

function works(cells: readonly Cell[], does: (cell: Cell) => boolean): string {
  const not = cells.filter((cell) => !does(cell));
  if (not.length === 0) return "works";
  if (not.length === cells.length) return "does not work";
  return `not IPv${not.map(({ family }) => family).join(", IPv")}`;
}

export const ms = (value: number): string =>
  `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
