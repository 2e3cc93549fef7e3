import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { ReviewedBanOp, ReviewedOp } from "../model/reviewed.js";
import type { UnixSeconds } from "../runtime/clock.js";
import { BanRows } from "./ban-rows.js";
import type { Changes } from "./changes.js";
import { Growth, type Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import { HeldRoom, type Unkept } from "./held.js";
import { Tally } from "./outcomes.js";
import type { Reasons } from "./reasons.js";
import { rowOfCidr } from "./rows.js";
import {
  FIND,
  HERE,
  succeed,
  type FoundBan,
  type StoredBan,
  type Succeeded,
  type Succession,
} from "./stored.js";
import { isTried, type TrialTerms, type Trials } from "./trials.js";

/** Writes a segment's ops into the current copy of its feed. */
export class Recorder {
  readonly #tables: RecorderTables;
  readonly #find: Statement<FoundBan>;
  readonly #rows: BanRows;
  readonly #remove: Statement<never>;
  readonly #try: Statement<never>;

  constructor(db: Database, tables: RecorderTables) {
    this.#tables = tables;
    this.#find = db.prepare(FIND);
    this.#rows = new BanRows(db, "REPLACE");
    this.#remove = db.prepare(`DELETE FROM bans ${HERE}`);
    this.#try = db.prepare(`UPDATE bans SET trial = ? ${HERE}`);
  }

  /** Part of a transaction. Of several ops on one range the last one wins. */
  apply(feed: FeedName, ops: Iterable<ReviewedOp>, moment: Moment): Tally {
    const { copies, changes, reasons, unkept } = this.#tables;
    const copy = copies.openCurrent(feed);
    const reasonId = reasons.interner(feed);
    const tally = new Tally();
    const growth = new Growth();
    const room = new HeldRoom();
    const standing = copies.held(copy);
    const fresh: Cidr[] = [];
    for (const op of ops) {
      const range = rowOfCidr(op.cidr);
      const before = this.#find.get(copy, range.addr, range.prefix);
      const next = stillRuns(op, moment.now)
        ? succeed(op, before, moment)
        : undefined;
      const heldNow = {
        held: standing.held + growth.held,
        waiting: standing.waiting + growth.waiting,
        allowed: standing.allowed + growth.allowed,
      };
      const isKept = next && room.takes(next.stored, before, heldNow);
      const after = isKept ? next.stored : undefined;
      if (!isSame(before, after)) {
        changes.changing(moment.revision, op.cidr, moment.now);
      }
      if (after) {
        const reason = reasonId(reasonOf(op));
        this.#rows.put({ copy, ...range, ...after, reason });
      } else if (before) {
        this.#remove.run(copy, range.addr, range.prefix);
      }
      if (next?.fresh) fresh.push(op.cidr);
      growth.replace(range, before, after);
      tell(tally, op, { before, next });
    }
    copies.count(copy, growth);
    unkept.add(copy, room, moment.now);
    this.#putOnTrial(fresh, { feed, copy, ...moment });
    return tally;
  }

  /** What is large or wide has to prove first that it does no harm. */
  #putOnTrial(
    fresh: readonly Cidr[],
    { feed, copy, revision, now, trial }: Moment & FeedCopy,
  ): void {
    if (trial === undefined || !isTried(fresh, trial)) return;
    for (const { address, prefix } of fresh) {
      this.#try.run(revision, copy, address, prefix);
    }
    const began = { id: revision, feed, revision, bans: fresh.length };
    this.#tables.trials.begin({ ...began, began: now }, trial.seconds, fresh);
  }
}

interface RecorderTables {
  readonly copies: Copies;
  readonly changes: Changes;
  readonly reasons: Reasons;
  readonly unkept: Unkept;
  readonly trials: Trials;
}

interface Moment extends Succession {
  readonly revision: number;
  readonly trial: TrialTerms | undefined;
}

interface FeedCopy {
  readonly feed: FeedName;
  readonly copy: number;
}

const stillRuns = (op: ReviewedOp, now: UnixSeconds): op is ReviewedBanOp =>
  op.op === "ban" && op.expiresAt > now;

const reasonOf = (op: ReviewedOp): string => (op.op === "ban" ? op.reason : "");

/** Whether the kernel needs to hear nothing of it. */
const isSame = (
  before: StoredBan | undefined,
  after: StoredBan | undefined,
): boolean =>
  inKernel(before) === inKernel(after) &&
  (before?.trial ?? null) === (after?.trial ?? null);

/**
 * Until when this ban alone would have the kernel drop its range; negative for
 * one that the kernel only observes.
 */
function inKernel(ban: StoredBan | undefined): number {
  if (ban === undefined || ban.held !== null) return 0;
  return ban.observed === 1 ? 0 - ban.expiresAt : ban.expiresAt;
}

function tell(
  tally: Tally,
  op: ReviewedOp,
  {
    before,
    next,
  }: {
    readonly before: StoredBan | undefined;
    readonly next: Succeeded | undefined;
  },
): void {
  if (op.op === "lift") tally.lifted += Number(before !== undefined);
  else if (next === undefined) tally.expired++;
  else tally.ban(op, next.told);
}
