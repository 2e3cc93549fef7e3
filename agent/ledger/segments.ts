import {
  localAfter,
  type DatedPosition,
  type FeedName,
} from "../model/position.js";
import type { Recorded } from "../model/recorded.js";
import type { OwnOp, ReviewedOp } from "../model/reviewed.js";
import type { UnixSeconds } from "../runtime/clock.js";
import { PRUNED_AT_ONCE } from "./changes.js";
import type { Recorder } from "./recorder.js";
import type { Use } from "./reserve.js";
import type { Source } from "./revisions.js";
import type { StagingTables } from "./staging.js";
import type { Admission } from "./stored.js";
import type { TrialTerms } from "./trials.js";

/** A segment that the guards have reviewed. */
export interface ReviewedSegment {
  readonly position: DatedPosition;
  readonly ops: Iterable<ReviewedOp>;
  /** Unix seconds. */
  readonly now: UnixSeconds;
  /** What may come into force; everything unless given. */
  readonly admission?: Admission | undefined;
  /** What is tried first; nothing unless given. */
  readonly trial?: TrialTerms | undefined;
}

/** Takes segments in, one transaction each. */
export class Segments {
  readonly #tables: StagingTables;
  readonly #recorder: Recorder;

  constructor(tables: StagingTables, recorder: Recorder) {
    this.#tables = tables;
    this.#recorder = recorder;
  }

  /** Use `Ledger.record`. */
  record({ position, now, admission, trial, ...segment }: ReviewedSegment) {
    const { reserve, feeds, changes, outcomes } = this.#tables;
    const ops = [...segment.ops];
    const anew = admission?.savepoint();
    const work = (): Recorded => {
      anew?.();
      feeds.mustFollow(position);
      const source = this.#sourceOf(position);
      const revision = changes.begin("segment", now, { source });
      const moment = { revision, now, admission, trial };
      const tally = this.#recorder.apply(position.feed, ops, moment);
      const recorded = tally.at(revision);
      changes.describe(revision, tally.described);
      feeds.moveTo(position, now);
      outcomes.add("segment", position, recorded, now);
      changes.prune(PRUNED_AT_ONCE);
      return recorded;
    };
    const bytes = ops.length * OP_BYTES;
    return reserve.write(useOf(position.feed, ops), work, { bytes });
  }

  /** Use `Ledger.recordLocal`. */
  recordLocal(ops: readonly OwnOp[], now: number): Recorded {
    const { db, feeds } = this.#tables;
    const before = db.read(() => feeds.position("local"));
    const issuedAt = now * 1000;
    return this.record({
      position: { ...localAfter(before, ops.length), issuedAt },
      ops: ops.map((op) => ("op" in op ? op : { op: "ban", ...op })),
      now,
    });
  }

  /** How many ops it brings is by how far its feed moves. */
  #sourceOf({ feed, offset, issuedAt }: DatedPosition): Source {
    const before = this.#tables.feeds.position(feed)?.offset ?? 0;
    return { feed, issuedAt, ops: offset - before };
  }
}

/** Lifts go on while others wait, and urgent bans longer than lists. */
function useOf(feed: FeedName, ops: readonly ReviewedOp[]): Use {
  if (ops.every(({ op }) => op === "lift")) return "lift";
  return feed === "reputation" ? "import" : "ban";
}

/** What one op adds to all tables at most, its reason left out. */
const OP_BYTES = 256;
