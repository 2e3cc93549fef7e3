/** A fold that others decide by, kept level with a log. */
export interface Follower<R> {
  /** The newest record that it has taken in; 0 for none. */
  readonly cursor: number;
  /** Takes in the records that come next behind the cursor, all or none. */
  take(next: readonly R[]): void;
}

export type Listener<R> = (news: readonly R[]) => void;

/** What both logs let others do that live by them. */
export interface Followed<R> {
  /**
   * The newest record that all folds hold and all listeners were told of: what is
   * read in the views in this turn is as of this. Others may have written more.
   */
  readonly level: number;
  /** Records behind a sequence number, the oldest first, at most `limit`. */
  after(seq: number, limit: number): Promise<readonly R[]>;
  /** Takes in what is durable by now, whoever wrote it; resolves to the level. */
  catchUp(): Promise<number>;
  /** Has a fold keep level, before any listener hears; resolves once it is. */
  follow(follower: Follower<R>): Promise<Disposable>;
  /**
   * Hands over what is new once it is durable and all folds are level, in order
   * and in the turn in which they became so.
   */
  subscribe(listener: Listener<R>): Disposable;
}
