import type { FeedName } from "../../agent/model/position.js";

/** The feeds that all agents follow. */
export const EVERYBODYS = ["urgent", "reputation"] as const;

/** The feeds that agents of an org follow. */
export const feedsOf = (org: string): readonly FeedName[] => [
  ...EVERYBODYS,
  `org/${org}`,
];
