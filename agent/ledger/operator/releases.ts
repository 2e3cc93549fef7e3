import type { Cidr } from "../../model/cidr.js";
import type { UnixSeconds } from "../../runtime/clock.js";
import type { Database, Statement } from "../database.js";
import { cidrOfRow, type RangeRow } from "../rows.js";

/** A range that no ban may touch for a while: this host's operator says so. */
export interface Release {
  readonly cidr: Cidr;
  /** Unix seconds. */
  readonly since: number;
  /** Unix seconds. */
  readonly until: UnixSeconds;
  readonly reason: string;
}

/** There are as many releases as this host keeps. */
export class TooManyReleases extends Error {
  override readonly name = "TooManyReleases";

  constructor() {
    super(
      `there are ${MOST_RELEASES} releases already; undo some (tourniquet release --list)`,
    );
  }
}

/** Releases by range; those that ran out count as none. */
export class Releases {
  readonly #current: Statement<ReleaseRow>;
  readonly #has: Statement<number>;
  readonly #put: Statement<never>;
  readonly #remove: Statement<never>;
  readonly #expire: Statement<never>;
  readonly #count: Statement<number>;

  constructor(db: Database) {
    this.#current = db.prepare(
      `SELECT addr, prefix, since, until, reason FROM releases
       WHERE until > ? ORDER BY length(addr), addr, prefix`,
    );
    this.#has = db
      .prepare<number>(
        "SELECT EXISTS (SELECT 1 FROM releases WHERE addr = ? AND prefix = ?)",
      )
      .pluck();
    this.#put = db.prepare(
      "INSERT OR REPLACE INTO releases VALUES (?, ?, ?, ?, ?)",
    );
    this.#remove = db.prepare(
      "DELETE FROM releases WHERE addr = ? AND prefix = ?",
    );
    this.#expire = db.prepare("DELETE FROM releases WHERE until <= ?");
    this.#count = db.prepare<number>("SELECT count(*) FROM releases").pluck();
  }

  current(now: UnixSeconds): readonly Release[] {
    return this.#current.all(now).map(({ since, until, reason, ...row }) => ({
      cidr: cidrOfRow(row),
      ...{ since, until, reason },
    }));
  }

  /** Part of a transaction. @throws TooManyReleases */
  put({ cidr, since, until, reason }: Release): void {
    this.#expire.run(since);
    this.#put.run(cidr.address, cidr.prefix, since, until, reason);
    if ((this.#count.get() ?? 0) > MOST_RELEASES) throw new TooManyReleases();
  }

  /** Whether there is one on exactly this range. */
  has({ address, prefix }: Cidr): boolean {
    return this.#has.get(address, prefix) === 1;
  }

  /** Whether there was one on exactly this range. */
  remove({ address, prefix }: Cidr): boolean {
    return this.#remove.run(address, prefix).changes > 0;
  }
}

interface ReleaseRow extends RangeRow, Omit<Release, "cidr"> {}

/** Each costs every look at a ban, and room in the kernel. */
export const MOST_RELEASES = 1_024;
