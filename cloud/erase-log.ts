import { statSync } from "node:fs";
import type { Clock } from "../agent/runtime/clock.js";
import { BadFolder, filesOf, type Files } from "./folder.js";
import {
  DatabaseUnusable,
  holdAlone,
  removeDatabase,
} from "./journal/database.js";
import type { Erased } from "./journal/decision-events.js";
import { SqliteDecisions } from "./journal/sqlite-decisions.js";
import { SqliteObservations } from "./journal/sqlite-observations.js";
import { LocalLog } from "./local-log.js";
import { observationCommitment } from "./tree/digest.js";
import { MustStay } from "./tree/erasable.js";
import { emptiedBy } from "./tree/erase-again.js";
import { commitmentsOf } from "./tree/leaves.js";

/** What is to be forgotten for good. */
export type Forgotten =
  /** Of decisions, only calls: nothing is folded from them. */
  | { readonly of: "call"; readonly seq: number }
  | { readonly of: "observation"; readonly seq: number }
  | { readonly of: "op"; readonly feed: string; readonly number: number };

/** Who wants it, and why: this stays. */
export interface Wish {
  readonly by: string;
  readonly why: string;
}

/**
 * Erases in the folder of a cloud that does not run. That it is erased is written
 * down first: whatever is cut off is done at the next start.
 * @throws MustStay, NotInTree or BadFolder, and then nothing has happened
 * @throws StillRead when bytes of it stay for now
 */
export async function eraseIn(
  dir: string,
  what: Forgotten,
  wish: Wish,
  clock: Clock,
): Promise<Erased> {
  const files = filesOf(dir);
  using local = new LocalLog(dir);
  using _held = held(files, dir);
  const { event, commitments } = planned(local, what, {
    ...wish,
    now: clock.now(),
  });
  // Whoever reads keeps the pages as they were.
  local[Symbol.dispose]();
  // It may hold what was folded of it: it is folded anew at the next start.
  if (event.of === "observations") removeDatabase(files.observed);
  const erasedFrom = files[event.of];
  {
    using decisions = SqliteDecisions.open(files.decisions, clock);
    using observations = SqliteObservations.open(files.observations, clock);
    await decisions.append([event], decisions.level);
    if (event.of === "observations") await observations.empty([event.seq]);
    else await decisions.empty(event.seq, emptiedBy(event), commitments);
  }
  mustBeUnread(erasedFrom);
  return event;
}

interface Planned {
  readonly event: Erased;
  /** Of a decision's leaves, one behind the other: what stays. */
  readonly commitments?: Uint8Array;
}

function planned(
  local: LocalLog,
  what: Forgotten,
  { now, ...wish }: Wish & { readonly now: number },
): Planned {
  switch (what.of) {
    case "op":
      return plannedOps(local, what, { ...wish, now });
    case "call":
      return plannedCall(local, what, wish);
    case "observation":
      return plannedObservation(local, what, wish);
  }
}

function plannedCall(
  { erasable, tree }: LocalLog,
  { seq }: Forgotten & { readonly of: "call" },
  wish: Wish,
): Planned {
  erasable.mustBeCall(seq);
  const { row, leaves } = inTree(tree, seq);
  const commitments = Buffer.concat([...commitmentsOf(row)]);
  const what = { kind: "erased", of: "decisions", seq } as const;
  return { event: { ...what, leaves, ...wish }, commitments };
}

/** @throws BadFolder while the tree has not taken it in */
function inTree({ rows, store }: LocalLog["tree"], seq: number) {
  const row = rows.decision(seq);
  const place = store.placeOf(seq);
  if (row === undefined || place === undefined) {
    throw new BadFolder(`event ${seq} is not in the tree yet`);
  }
  return { row, leaves: { first: place.first, count: place.leaves } };
}

function plannedObservation(
  { tree }: LocalLog,
  { seq }: Forgotten & { readonly of: "observation" },
  wish: Wish,
): Planned {
  const row = tree.rows.observation(seq);
  if (row === undefined || row.salt === null) {
    throw new MustStay(`there is no observation ${seq}, or it is erased`);
  }
  const commitment = Buffer.from(observationCommitment(row)).toString("hex");
  const what = { kind: "erased", of: "observations", seq } as const;
  return { event: { ...what, commitment, ...wish } };
}

/** All ops of the segment that the op is in: they were signed as one. */
function plannedOps(
  { prover, erasable, tree }: LocalLog,
  { feed, number }: Forgotten & { readonly of: "op" },
  { now, ...wish }: Wish & { readonly now: number },
): Planned {
  const { seq, op } = prover.opAt(feed, number);
  erasable.mustBeOver(seq, now);
  const { row, leaves } = inTree(tree, seq);
  const commitments = Buffer.concat([...commitmentsOf(row)]);
  const what = { kind: "erased", of: "decisions", seq, op } as const;
  return { event: { ...what, leaves, ...wish }, commitments };
}

/** It is erased, and bytes of it stay in a file while another process reads there. */
export class StillRead extends Error {
  override readonly name = "StillRead";
}

/** @throws StillRead while the log beside the file could not be cut off */
function mustBeUnread(path: string): void {
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (wal === undefined || wal.size === 0) return;
  throw new StillRead(
    `it is erased, and ${path}-wal has bytes of it while another process reads the folder: end that, then start and stop the cloud once`,
  );
}

function held({ lock }: Files, dir: string): Disposable {
  try {
    return holdAlone(lock);
  } catch (cause) {
    if (!(cause instanceof DatabaseUnusable)) throw cause;
    const why = `the cloud in ${dir} runs: stop it first`;
    throw new BadFolder(why, { cause });
  }
}
