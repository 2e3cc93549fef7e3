import type { FeedName } from "../model/position.js";

/** What is being taken in; disposed of once it was, or was refused. */
export interface Intake extends Disposable {
  /** Its header has been read. */
  of(feed: FeedName): void;
}
