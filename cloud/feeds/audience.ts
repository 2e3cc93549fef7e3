import type { FeedName } from "../../agent/model/position.js";

/** The feeds that all agents follow. */
export const EVERYBODYS = ["urgent", "reputation"] as const;

/** The feeds that agents of an org follow. */
export const feedsOf = (org: string): readonly FeedName[] => [
  ...EVERYBODYS,
  `org/${org}`,
];

/** Whose agents alone follow the feed; undefined: everybody's do. */
export const orgOf = (feed: FeedName): string | undefined =>
  feed.startsWith("org/") ? feed.slice("org/".length) : undefined;
