import type { FeedName, Position } from "../../agent/model/position.js";
import { limits } from "../../agent/protocol/limits.js";

/** More bans than a snapshot can bring to an agent. */
export class FeedFull extends Error {
  override readonly name = "FeedFull";

  constructor(
    readonly feed: FeedName,
    bans: number,
    more: number,
  ) {
    super(
      `${feed} holds ${bans} bans and cannot take ${more} more; ${limits.snapshotBans} is the most`,
    );
  }
}

export interface CapacityPorts {
  standing(feed: FeedName): Position | undefined;
  /** How many bans each feed holds; takes a while. */
  counts(): Promise<Readonly<Record<string, { readonly bans: number }>>>;
}

/** Keeps each feed within what one snapshot holds. */
export class Capacity {
  readonly #ports: CapacityPorts;
  readonly #counted = new Map<FeedName, { at: Position; bans: number }>();

  constructor(ports: CapacityPorts) {
    this.#ports = ports;
  }

  /**
   * Counts only where the ops since the last count could have filled the feed:
   * an urgent ban must not wait for that.
   * @throws FeedFull
   */
  async makeRoom(feed: FeedName, more: number): Promise<void> {
    if (this.#most(feed) + more <= limits.snapshotBans) return;
    const at = this.#ports.standing(feed);
    const bans = (await this.#ports.counts())[feed]?.bans ?? 0;
    if (at !== undefined) this.#counted.set(feed, { at, bans });
    if (bans + more > limits.snapshotBans) throw new FeedFull(feed, bans, more);
  }

  /** As if every op since had been a ban of something new. */
  #most(feed: FeedName): number {
    const { epoch, offset = 0 } = this.#ports.standing(feed) ?? {};
    const counted = this.#counted.get(feed);
    if (counted === undefined || counted.at.epoch !== epoch) return offset;
    return counted.bans + offset - counted.at.offset;
  }
}
