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
import { commitmentsOf } from "./tree/leaves.js";

/** What is to be forgotten for good. */
export type Forgotten =
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
  using decisions = SqliteDecisions.open(files.decisions, clock);
  if (what.of === "op") {
    return await eraseOps({ local, decisions }, what, {
      ...wish,
      now: clock.now(),
    });
  }
  using observations = SqliteObservations.open(files.observations, clock);
  const row = local.tree.rows.observation(what.seq);
  if (row === undefined || row.salt === null) {
    throw new MustStay(`there is no observation ${what.seq}, or it is erased`);
  }
  const commitment = Buffer.from(observationCommitment(row)).toString("hex");
  const event: Erased = {
    ...{ kind: "erased", of: "observations", seq: what.seq },
    ...{ commitment, ...wish },
  };
  await decisions.append([event], decisions.level);
  await observations.empty([what.seq]);
  // It may hold what was folded of it: it is folded anew at the next start.
  removeDatabase(files.observed);
  return event;
}

/** All ops of the segment that the op is in: they were signed as one. */
async function eraseOps(
  at: {
    readonly local: LocalLog;
    readonly decisions: SqliteDecisions;
  },
  { feed, number }: Forgotten & { readonly of: "op" },
  { now, ...wish }: Wish & { readonly now: number },
): Promise<Erased> {
  const { local, decisions } = at;
  const { seq, op } = local.prover.opAt(feed, number);
  local.erasable.mustBeOver(seq, now);
  const row = local.tree.rows.decision(seq);
  const place = local.tree.store.placeOf(seq);
  if (row === undefined || place === undefined) {
    throw new BadFolder(`event ${seq} is not in the tree yet`);
  }
  const leaves = { first: place.first, count: place.leaves };
  const event: Erased = {
    ...{ kind: "erased", of: "decisions", seq, op, leaves, ...wish },
  };
  const commitments = Buffer.concat([...commitmentsOf(row)]);
  await decisions.append([event], decisions.level);
  await decisions.empty(seq, "bytes", commitments);
  return event;
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
