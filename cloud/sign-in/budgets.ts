import type { Room } from "../door/crowd.js";
import type { Rate } from "../rate/token-bucket.js";

/** What signing in may cost, each with its reason. */

/** Open sessions of one operator: a few machines, and browsers on each. */
export const SESSIONS_OF_ONE = 16;

/** Some 3 MB on the disk. */
export const SESSIONS_IN_ALL = 10_000;

/** Passkeys of one operator: each lies in the record for ever. */
export const PASSKEYS_OF_ONE = 16;

/** 128 MiB and half a second of a core each; as many threads stay for the disk. */
export const HASHINGS_AT_ONCE = 2;

/** Who waits to be hashed for: the last of them for some ten seconds. */
export const HASHINGS_WAITING: Room = { inAll: 32, ofOne: 4 };

/** Tries of passwords from one IPv4 address or IPv6 /64, whoever is named. */
export const TRIES_OF_ONE_PLACE: Rate = { perSecond: 0.1, burst: 10 };

/** Tries for one name: all strangers' together, and each known place's own. */
export const TRIES_OF_ONE_NAME: Rate = { perSecond: 1 / 30, burst: 10 };

/** Tries of all strangers together: half of what two hashings at once can do. */
export const TRIES_OF_STRANGERS: Rate = { perSecond: 2, burst: 40 };

/**
 * Answers of the issuer that are brought from one place, and by all: each costs the
 * issuer a request, whatever it is. A company may sit behind one address.
 */
export const ANSWERS_OF_ONE_PLACE: Rate = { perSecond: 1, burst: 60 };
export const ANSWERS_IN_ALL: Rate = { perSecond: 5, burst: 100 };

/** Names and places whose tries are counted apart; some megabytes. */
export const MOST_COUNTED = 10_000;

/** Places that an operator signed in from, the newest: they are no strangers'. */
export const PLACES_OF_ONE = 8;

/** Sign-ins that are under way with a passkey or at an issuer: some 1 KB each. */
export const UNDER_WAY: Room = { inAll: 4_096, ofOne: 256 };

/** How long one of these may take a person. */
export const UNDER_WAY_MS = 10 * 60 * 1000;

/** Bytes of a request that nobody who is known makes. */
export const MOST_BODY_BYTES = 16 * 1024;

/** Characters of a password. */
export const SHORTEST_PASSWORD = 12;
export const LONGEST_PASSWORD = 256;
