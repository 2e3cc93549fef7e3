import { isVendor, session } from "../session.js";

/** For whom a feed is, in a few words. */
export function feedSaid(feed: string): string {
  const [, org, group] = /^org\/([^/]+)(?:\/(.+))?$/.exec(feed) ?? [];
  if (org === undefined) {
    return feed === "urgent" ? "everybody" : `everybody, by ${feed}`;
  }
  return group === undefined ? `${org} alone` : `${org}, group ${group}`;
}

/** Whether who is signed in may order in a feed: an org's people in their own. */
export function isOwnFeed(feed: string): boolean {
  if (isVendor.value) return true;
  const own = session.value?.operator.org;
  return feed === `org/${own}` || feed.startsWith(`org/${own}/`);
}

/** Where one orders unless one chooses another. */
export const usualFeed = (): string => {
  const own = session.value?.operator.org;
  return own === null || own === undefined ? "urgent" : `org/${own}`;
};
