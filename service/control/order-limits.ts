/** A pause is for the time that it takes to find out what is wrong. */
export const LONGEST_PAUSE_S = 86_400;

/** What is to last longer is allowed for good: `tourniquet allow`. */
export const LONGEST_RELEASE_S = 30 * 86_400;

/** A ban without an end is for who can be asked: the cloud. */
export const LONGEST_BAN_S = 365 * 86_400;

/** No change is kept for longer. */
export const LONGEST_SINCE_S = 86_400;
