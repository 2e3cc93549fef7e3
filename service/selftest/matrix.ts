import type { Family } from "../../agent/model/cidr.js";
import { PATHS, isOpened, type Flow, type Path } from "./flows/flows.js";
import { SILENCE, type Log } from "./flows/log.js";

/** Everything that was seen, times by the machine's monotonic clock. */
export interface Observations {
  readonly subject: string;
  readonly flows: readonly Flow[];
  /** What is begun anew after the lift, in place of open connections. */
  readonly again: readonly Flow[];
  /** As the ban began; when the tool was done; and as the watch ended. */
  readonly bannedAt: number;
  readonly doneAt: number;
  readonly watchedUntil: number;
  readonly liftedAt: number;
  readonly before: Log;
  readonly banned: Log;
  readonly lifted: Log;
  /** The host's TCP sockets with the client, by family. */
  readonly sockets: readonly Sockets[];
}

export interface Sockets {
  readonly family: Family;
  /** Of open connections, before the ban. */
  readonly open: number;
  /** Of those that are ESTABLISHED when the watch has ended. */
  readonly established: number;
}

/** What a ban did to one path, of one family. */
export type Outcome =
  /** The last packet got through so many milliseconds after the ban began. */
  | { readonly is: "closed"; readonly lastMs: number }
  /** Closed, but not within `LIMIT_MS`. */
  | { readonly is: "late"; readonly lastMs: number }
  /** Packets still got through when the watch ended. */
  | { readonly is: "open"; readonly lastMs: number }
  /** It did not work before the ban, or was not tried after it. */
  | { readonly is: "unproven" };

/** What became of one kind of traffic. */
export interface Judged {
  readonly label: string;
  readonly outcome: Outcome;
}

export interface Cell {
  readonly family: Family;
  readonly workedBefore: boolean;
  readonly outcome: Outcome;
  /** What came of each kind of the path's traffic; the worst is the outcome. */
  readonly traffic: readonly Judged[];
  readonly worksAfterLift: boolean;
}

export interface Line {
  readonly path: Path;
  /** Every family's cell is. */
  readonly closed: boolean;
  readonly cells: readonly Cell[];
}

/** Which paths a ban closes, how fast, and whether a lift opens them again. */
export interface Matrix {
  readonly subject: string;
  readonly lines: readonly Line[];
  /** Of `lines`. */
  readonly closed: number;
  readonly of: number;
  /** How long the tool took, in milliseconds. */
  readonly banMs: number;
  readonly watchedMs: number;
  readonly limitMs: number;
  readonly sockets: readonly Sockets[];
}

/** Within this time of the decision, every path must be closed. */
export const LIMIT_MS = 50;

/** Judges what was seen. */
export function matrixOf(seen: Observations): Matrix {
  const families = [...new Set(seen.flows.map(({ family }) => family))];
  const lines = PATHS.map((path): Line => {
    const cells = families.map((family) => cellOf(seen, path, family));
    const closed = cells.every(({ outcome }) => outcome.is === "closed");
    return { path, closed, cells };
  });
  return {
    subject: seen.subject,
    lines,
    closed: lines.filter(({ closed }) => closed).length,
    of: lines.length,
    banMs: seen.doneAt - seen.bannedAt,
    watchedMs: seen.watchedUntil - seen.bannedAt,
    limitMs: LIMIT_MS,
    sockets: seen.sockets,
  };
}

/** Whether each of these flows has got through since then, more than once. */
export function haveArrived(
  flows: readonly Flow[],
  log: Log,
  sinceMs: number,
): boolean {
  return flows.every(({ id }) => {
    const { arrived, arrivedAt } = log[id] ?? SILENCE;
    return arrived >= ENOUGH && arrivedAt > sinceMs;
  });
}

/** A path is as closed as the worst of its traffic, and of its families. */
export function worstOf(
  judged: readonly { readonly outcome: Outcome }[],
): Outcome {
  const [worst] = judged
    .map(({ outcome }) => outcome)
    .sort((a, b) => badness(b) - badness(a));
  return worst ?? { is: "unproven" };
}

function cellOf(seen: Observations, path: Path, family: Family): Cell {
  const isHere = (flow: Flow) => flow.path === path && flow.family === family;
  const flows = seen.flows.filter(isHere);
  const traffic = flows.map((flow) => ({
    label: flow.label,
    outcome: outcomeOf(flow, seen),
  }));
  const afterLift = [
    ...flows.filter((flow) => !isOpened(flow)),
    ...seen.again.filter(isHere),
  ];
  return {
    family,
    workedBefore: flows.every((flow) => worked(flow, seen)),
    outcome: worstOf(traffic),
    traffic,
    worksAfterLift: haveArrived(afterLift, seen.lifted, seen.liftedAt),
  };
}

function outcomeOf(flow: Flow, seen: Observations): Outcome {
  const { triedAt, arrivedAt, isOver } = seen.banned[flow.id] ?? SILENCE;
  // Where no packet was tried, silence does not show that the path is closed.
  const wasTried = isOver || triedAt > seen.bannedAt + LIMIT_MS;
  if (!worked(flow, seen) || !wasTried) return { is: "unproven" };
  const lastMs = Math.max(0, arrivedAt - seen.bannedAt);
  if (lastMs <= LIMIT_MS) return { is: "closed", lastMs };
  const isQuiet = arrivedAt < seen.watchedUntil - QUIET_MS;
  return { is: isQuiet ? "late" : "open", lastMs };
}

function worked(flow: Flow, { before, bannedAt }: Observations): boolean {
  const isOver = (before[flow.id] ?? SILENCE).isOver;
  return !isOver && haveArrived([flow], before, bannedAt - RECENT_MS);
}

function badness(outcome: Outcome): number {
  const rank = { closed: 0, late: 1, open: 2, unproven: 3 }[outcome.is];
  return rank * 1e9 + ("lastMs" in outcome ? outcome.lastMs : 0);
}

/** So often must a flow have got through to be called working. */
const ENOUGH = 3;
/** And so recently. */
const RECENT_MS = 1_000;
/** Of whatever got through later than this before the end, more may follow. */
const QUIET_MS = 500;
