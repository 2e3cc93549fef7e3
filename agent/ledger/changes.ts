import type { Cidr } from "../model/cidr.js";
import type { Entry, RulesetChange } from "../model/ruleset.js";
import { limits } from "../protocol/limits.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Database, Statement } from "./database.js";
import type { Effective } from "./effective.js";
import type { History } from "./history.js";
import type { Meta } from "./meta.js";
import type { Beginning, Cause, Described } from "./revisions.js";
import { cidrOfRow, START, type RangeRow } from "./rows.js";

/** The kernel is too far behind, or not ours: build its ruleset anew. */
export type Rebuild = "rebuild";

/**
 * Which ranges changed, each in its newest revision. A kernel at revision K is brought up
 * to date by telling it the present state of every range that is dirty since K,
 * which works for every K from `replayable_from` on.
 */
export class Changes {
  readonly #db: Database;
  readonly #meta: Meta;
  readonly #effective: Effective;
  readonly #history: History;
  readonly #mark: Statement<never>;
  readonly #after: Statement<DirtyRow>;
  readonly #count: Statement<number>;
  readonly #prune: Statement<never>;
  #enforced = 0;

  constructor(db: Database, { meta, effective, history }: ChangesTables) {
    this.#db = db;
    this.#meta = meta;
    this.#effective = effective;
    this.#history = history;
    this.#mark = db.prepare("INSERT OR REPLACE INTO dirty VALUES (?, ?, ?)");
    this.#after = db.prepare(
      `SELECT revision, addr, prefix FROM dirty
       WHERE (revision, addr, prefix) > (?, ?, ?)
       ORDER BY revision, addr, prefix LIMIT ?`,
    );
    this.#count = db
      .prepare<number>("SELECT count(*) FROM dirty WHERE revision > ?")
      .pluck();
    this.#prune = db.prepare(
      "DELETE FROM dirty WHERE revision <= ? ORDER BY revision LIMIT ?",
    );
  }

  revision(): number {
    return this.#meta.get("revision");
  }

  /** Counts up. Even a change of nothing gets its revision, and its receipt. */
  nextRevision(): number {
    const revision = this.revision() + 1;
    this.#meta.set("revision", revision);
    return revision;
  }

  /** Counts up, and keeps what comes of it, so that it may be taken back later. */
  begin(cause: Cause, now: UnixSeconds, more: Origin = {}): number {
    const revision = this.nextRevision();
    this.#history.begin(revision, { cause, at: now, ...more });
    return revision;
  }

  /** Call it before the range changes: what was in force on it is kept. */
  changing(revision: number, cidr: Cidr, now: UnixSeconds): void {
    this.#history.keep(cidr, now);
    this.mark(revision, cidr);
  }

  /** What the revision begun last came to. */
  describe(revision: number, described: Described): void {
    this.#history.describe(revision, described);
  }

  /** Of what nobody will want to take back. */
  mark(revision: number, cidr: Cidr): void {
    this.#mark.run(cidr.address, cidr.prefix, revision);
  }

  /** From here on, an older kernel has to be rebuilt. */
  dropHistory(): void {
    this.#meta.set("replayable_from", this.revision());
  }

  /** Too much has changed to keep what was before: nobody can go back to that. */
  beginAnew(): void {
    this.#history.beginAnew(this.revision());
  }

  /** Nobody will ask for what came before: the kernel has it. */
  enforced(revision: number): void {
    this.#enforced = Math.max(this.#enforced, revision);
  }

  /** Forgets some of what nobody can ask for; part of another transaction. */
  prune(limit: number): void {
    const known = this.#meta.get("replayable_from");
    const useless = Math.max(known, Math.min(this.#enforced, this.revision()));
    if (useless > known) this.#meta.set("replayable_from", useless);
    this.#prune.run(useless, limit);
    this.#history.prune(limit);
  }

  /** Drops a history that has become longer than a rebuild would be. */
  bound(now: UnixSeconds): void {
    this.#history.bound(now);
    const from = this.#meta.get("replayable_from");
    if ((this.#count.get(from) ?? 0) > MOST_DIRTY) this.dropHistory();
  }

  /**
   * What a kernel at revision `since` must be told, at most `limit` ranges at a
   * time, oldest first. A slice carries the revision that the kernel holds in
   * full after it, so that a crash between two slices costs nothing.
   */
  *since(
    since: number,
    limit: number,
    now: () => number,
  ): Generator<RulesetChange | Rebuild, void> {
    let label = since;
    let after: DirtyRow = { ...START, revision: since + 1 };
    for (;;) {
      const slice = this.#db.read(() => this.#slice(label, after, limit));
      if (slice === undefined) return;
      if (slice === "rebuild") {
        yield slice;
        return;
      }
      yield this.#db.read(() => this.#resolve(slice, now()));
      if (slice.last === undefined) return;
      label = slice.revision;
      after = slice.last;
    }
  }

  #slice(
    label: number,
    after: DirtyRow,
    limit: number,
  ): Slice | Rebuild | undefined {
    const revision = this.revision();
    if (label > revision || label < this.#meta.get("replayable_from")) {
      return "rebuild";
    }
    if (label === revision) return undefined;
    const rows = this.#after.all(
      after.revision,
      after.addr,
      after.prefix,
      limit,
    );
    const last = rows.length < limit ? undefined : rows.at(-1);
    // The rest of the last row's revision may be in the next slice.
    return { revision: last ? last.revision - 1 : revision, rows, last };
  }

  #resolve({ revision, rows }: Slice, now: UnixSeconds): RulesetChange {
    const put: Entry[] = [];
    const remove: Cidr[] = [];
    for (const row of rows) {
      const cidr = cidrOfRow(row);
      const entries = this.#effective.of(cidr, now);
      if (entries.length === 0) remove.push(cidr);
      else put.push(...entries);
    }
    return { revision, put, remove };
  }
}

type Origin = Omit<Beginning, "at" | "cause">;

interface ChangesTables {
  readonly meta: Meta;
  readonly effective: Effective;
  readonly history: History;
}

interface DirtyRow extends RangeRow {
  readonly revision: number;
}

interface Slice {
  readonly revision: number;
  readonly rows: readonly DirtyRow[];
  /** Where the next slice goes on; there is none after the last. */
  readonly last: DirtyRow | undefined;
}

/**
 * Twice what a segment may add: what is forgotten keeps up with what comes, at
 * whatever rate.
 */
export const PRUNED_AT_ONCE = 2 * limits.segmentOps;

/** About as many ranges as take as long to replay as a million to rebuild. */
const MOST_DIRTY = 200_000;
