/** Operators that there ever were; who is disabled stays in the record. */
export const MOST_OPERATORS = 10_000;

/** Credentials of one operator that count at a time. */
export const MOST_CREDENTIALS = 64;

/** Of one operator that are listed: all that count, and some that did. */
export const MOST_LISTED = 4 * MOST_CREDENTIALS;
