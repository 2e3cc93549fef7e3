import type { FeedName } from "../../agent/model/position.js";

/** The feeds that all agents follow. */
export const EVERYBODYS = ["urgent", "reputation"] as const;

/** The feeds that agents of an org follow. */
export const feedsOf = (org: string): readonly FeedName[] => [
  ...EVERYBODYS,
  `org/${org}`,
];

/** Whose agents alone follow the feed, or some of them; undefined: everybody's do. */
export const orgOf = (feed: FeedName): string | undefined =>
  feed.startsWith("org/") ? feed.split("/")[1] : undefined;

/** Whether agents of the org, or some of them, may follow it. */
export const isFor = (org: string, feed: FeedName): boolean =>
  feedsOf(org).includes(feed) || orgOf(feed) === org;

/** All of these that agents of an org may follow, those of its groups as well. */
export const feedsFor = (
  org: string,
  standings: readonly { readonly feed: FeedName }[],
): readonly FeedName[] =>
  standings.flatMap(({ feed }) => (isFor(org, feed) ? feed : []));
