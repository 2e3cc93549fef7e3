import type { FeedName, Position } from "../model/position.js";
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

  constructor(db: Database) {
    const columns = `name AS feed, epoch, "offset", hash`;
    this.#one = db.prepare(`SELECT ${columns} FROM feeds WHERE name = ?`);
    this.#all = db.prepare(`SELECT ${columns} FROM feeds ORDER BY name`);
    this.#move = db.prepare("INSERT OR REPLACE INTO feeds VALUES (?,?,?,?,?)");
  }

  position(feed: FeedName): Position | undefined {
    return this.#one.get(feed);
  }

  positions(): readonly Position[] {
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

  moveTo({ feed, epoch, offset, hash }: Position, now: number): void {
    this.#move.run(feed, epoch, offset, hash, now);
  }
}

type PositionRow = Position;

const told = ({ epoch, offset }: Position) => `${epoch}/${offset}`;
