import type { DatedPosition, FeedName, Position } from "../model/position.js";
import type { Database, Statement } from "./database.js";

/** What was to be recorded does not follow what the ledger has of the feed. */
export class OutOfOrder extends Error {
  override readonly name = "OutOfOrder";

  constructor(
    readonly current: Position,
    readonly offered: Position,
  ) {
    super(
      `${told(offered)} does not follow ${told(current)} in ${current.feed}`,
    );
  }
}

/** Where the ledger stands in each feed. */
export class Feeds {
  readonly #one: Statement<PositionRow>;
  readonly #all: Statement<PositionRow>;
  readonly #move: Statement<never>;
  readonly #forget: Statement<never>;

  constructor(db: Database) {
    const columns = `name AS feed, epoch, "offset", hash, issued_at AS issuedAt`;
    this.#one = db.prepare(`SELECT ${columns} FROM feeds WHERE name = ?`);
    this.#all = db.prepare(`SELECT ${columns} FROM feeds ORDER BY name`);
    this.#move = db.prepare(
      "INSERT OR REPLACE INTO feeds VALUES (?,?,?,?,?,?)",
    );
    this.#forget = db.prepare("DELETE FROM feeds WHERE name = ?");
  }

  position(feed: FeedName): DatedPosition | undefined {
    return this.#one.get(feed);
  }

  positions(): readonly DatedPosition[] {
    return this.#all.all();
  }

  /** @throws OutOfOrder unless the segment goes on where the feed stands */
  mustFollow(next: Position): void {
    const current = this.position(next.feed);
    if (current === undefined) return;
    if (next.epoch === current.epoch && next.offset > current.offset) return;
    throw new OutOfOrder(current, next);
  }

  /** @throws OutOfOrder when the snapshot is older than what is recorded */
  mustNotGoBack(next: Position): void {
    const current = this.position(next.feed);
    if (current === undefined || next.epoch !== current.epoch) return;
    if (next.offset < current.offset) throw new OutOfOrder(current, next);
  }

  moveTo(position: DatedPosition, now: number): void {
    const { feed, epoch, offset, hash, issuedAt } = position;
    this.#move.run(feed, epoch, offset, hash, issuedAt, now);
  }

  forget(feed: FeedName): void {
    this.#forget.run(feed);
  }
}

type PositionRow = DatedPosition;

const told = ({ epoch, offset }: Position) => `${epoch}/${offset}`;
