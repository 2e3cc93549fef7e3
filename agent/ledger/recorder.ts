import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { ReviewedBan, ReviewedOp } from "../model/reviewed.js";
import type { Changes } from "./changes.js";
import type { Copies, Growth } from "./copies.js";
import type { Database, Statement } from "./database.js";
import { Tally } from "./outcomes.js";
import type { Reasons } from "./reasons.js";

/** Writes a segment's ops into the current copy of its feed. */
export class Recorder {
  readonly #tables: RecorderTables;
  readonly #find: Statement<StoredBan>;
  readonly #put: Statement<never>;
  readonly #remove: Statement<never>;

  constructor(db: Database, tables: RecorderTables) {
    this.#tables = tables;
    const here = "WHERE copy = ? AND addr = ? AND prefix = ?";
    this.#find = db.prepare(
      `SELECT expires_at AS expiresAt, held, observed,
         recorded_at AS recordedAt FROM bans ${here}`,
    );
    this.#put = db.prepare(
      "INSERT OR REPLACE INTO bans VALUES (?,?,?,?,?,?,?,?)",
    );
    this.#remove = db.prepare(`DELETE FROM bans ${here}`);
  }

  /** Part of a transaction. Of several ops on one range the last one wins. */
  apply(
    feed: FeedName,
    ops: Iterable<ReviewedOp>,
    { revision, now }: Moment,
  ): Tally {
    const { copies, changes, reasons } = this.#tables;
    const copy = copies.openCurrent(feed);
    const reasonId = reasons.interner();
    const tally = new Tally(feed);
    const growth = { bans: 0, held: 0, observed: 0 };
    for (const op of ops) {
      const { address, prefix } = op.cidr;
      const before = this.#find.get(copy, address, prefix);
      const ban = stillRuns(op, now) ? op : undefined;
      const after = ban && storedAs(ban, sinceOf(before, now));
      if (after)
        this.#store({ copy, cidr: op.cidr }, after, reasonId(ban.reason));
      else if (before !== undefined) this.#remove.run(copy, address, prefix);

      if (inKernel(before) !== inKernel(after)) changes.mark(revision, op.cidr);
      grow(growth, before, after);
      tell(tally, op, { before, after });
    }
    copies.count(copy, growth);
    return tally;
  }

  #store({ copy, cidr }: Place, ban: StoredBan, reason: number): void {
    const { expiresAt, held, observed, recordedAt } = ban;
    const key = [copy, cidr.address, cidr.prefix];
    this.#put.run(...key, expiresAt, reason, held, observed, recordedAt);
  }
}

interface RecorderTables {
  readonly copies: Copies;
  readonly changes: Changes;
  readonly reasons: Reasons;
}

interface Moment {
  readonly revision: number;
  readonly now: number;
}

interface Place {
  readonly copy: number;
  readonly cidr: Cidr;
}

interface StoredBan {
  readonly expiresAt: number;
  readonly held: string | null;
  readonly observed: number;
  readonly recordedAt: number;
}

const storedAs = (
  { expiresAt, held, observed }: ReviewedBan,
  recordedAt: number,
): StoredBan => ({
  expiresAt,
  held: held ?? null,
  observed: Number(observed),
  recordedAt,
});

/** A ban that takes the place of one that still runs goes on with its date. */
const sinceOf = (before: StoredBan | undefined, now: number): number =>
  before !== undefined && before.expiresAt > now ? before.recordedAt : now;

const stillRuns = (op: ReviewedOp, now: number): op is ReviewedBan =>
  op.op === "ban" && op.expiresAt > now;

/**
 * Until when this ban alone would have the kernel drop its range; negative for
 * one that the kernel only observes.
 */
function inKernel(ban: StoredBan | undefined): number {
  if (ban === undefined || ban.held !== null) return 0;
  return ban.observed === 1 ? -ban.expiresAt : ban.expiresAt;
}

function grow(
  growth: { -readonly [K in keyof Growth]: number },
  before: StoredBan | undefined,
  after: StoredBan | undefined,
): void {
  growth.bans += Number(after !== undefined) - Number(before !== undefined);
  growth.held += Number(isHeld(after)) - Number(isHeld(before));
  growth.observed += Number(isObserved(after)) - Number(isObserved(before));
}

const isHeld = (ban: StoredBan | undefined): boolean =>
  ban !== undefined && ban.held !== null;

const isObserved = (ban: StoredBan | undefined): boolean =>
  ban?.held === null && ban.observed === 1;

function tell(
  tally: Tally,
  op: ReviewedOp,
  { before, after }: Record<"before" | "after", StoredBan | undefined>,
): void {
  if (op.op === "lift") tally.lifted += Number(before !== undefined);
  else if (after === undefined) tally.expired++;
  else tally.ban(op);
}
