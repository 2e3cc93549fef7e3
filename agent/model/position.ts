import type { UnixMs } from "../runtime/clock.js";
/** Where a reader stands in a feed. */
export interface Position {
  readonly feed: FeedName;
  /** Names one history of the feed; a new one starts when history is rewritten. */
  readonly epoch: string;
  /** Number of the last op taken in; the first op of an epoch is 1. */
  readonly offset: number;
  /** SHA-256 of the signed bytes of the last segment; zeros before the first. */
  readonly hash: Uint8Array;
}

/** A position, and the date of what led to it. */
export interface DatedPosition extends Position {
  /** Of the segment or snapshot, in milliseconds since 1970. */
  readonly issuedAt: UnixMs;
}

/**
 * The name of an ordered, signed log of bans and lifts for one audience:
 * `urgent` and `reputation` for everybody, `org/<id>` for one customer,
 * `org/<id>/<group>` for some of its hosts, `local` for this host's own decisions.
 */
export type FeedName = "urgent" | "reputation" | "local" | `org/${string}`;

export const HASH_BYTES = 32;

/** A position's hash as documents, headers and tables write it. */
export const hashToHex = (hash: Uint8Array): string =>
  Buffer.from(hash).toString("hex");

export const hashFromHex = (hex: string): Uint8Array => Buffer.from(hex, "hex");

/** The hash that stands before the first segment of an epoch. */
export const NO_HASH: Uint8Array = new Uint8Array(HASH_BYTES);

/** An org's id, or a group's: what follows `org/` in a feed's name. */
export const ORG_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** An epoch's name, as made by the cloud. */
export const EPOCH = /^[a-z0-9]{1,32}$/;

export function isFeedName(text: string): text is FeedName {
  if (text === "urgent" || text === "reputation" || text === "local") {
    return true;
  }
  const [whose, ...names] = text.split("/");
  if (whose !== "org" || names.length === 0 || names.length > 2) return false;
  return names.every((name) => ORG_ID.test(name));
}

/** Whether only those hosts follow the feed whose customer's policy has them do so. */
export const isOfGroup = (feed: FeedName): boolean =>
  feed.split("/").length > 2;

/** The org that a feed is of, as its own feed is called; others are called as they are. */
export const familyOf = (feed: FeedName): string =>
  feed.split("/").slice(0, 2).join("/");

/**
 * Who a feed is for: `all`, or as it is called. A segment names its audience in its
 * signed bytes, so that one customer's feed cannot be played to another.
 */
export function audienceOf(feed: FeedName): string {
  return feed.startsWith("org/") ? feed : "all";
}

export function samePosition(a: Position, b: Position): boolean {
  return (
    a.feed === b.feed &&
    a.epoch === b.epoch &&
    a.offset === b.offset &&
    Buffer.compare(a.hash, b.hash) === 0
  );
}

/**
 * Where the feed of this host's own bans stands after so many more ops. Nobody
 * signs it, so there is no hash.
 */
export function localAfter(at: Position | undefined, ops: number): Position {
  const offset = (at?.offset ?? 0) + ops;
  return { feed: "local", epoch: "local", offset, hash: NO_HASH };
}
