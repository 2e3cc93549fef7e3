import type { FeedName } from "../../agent/model/position.js";

/** The feeds that agents of an org follow. */
export const feedsOf = (org: string): readonly FeedName[] => [
  "urgent",
  "reputation",
  `org/${org}`,
];
