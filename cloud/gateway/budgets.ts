/** What one connection may do, each with its reason. */

/** How long a connection may stay without saying who it is. */
export const HELLO_DEADLINE_MS = 10_000;

/** One ping may get lost, two are a dead connection. */
export const SILENT_HEARTBEATS = 2.5;

/** Telemetry over the rate, until a session has shown that it does not wait. */
export const MOST_TOO_FAST = 10;

/** Room for the receipts of a large import. */
export const MESSAGES = { perSecond: 100, burst: 1_000 };

/** How long an agent that says more is not read from. */
export const BREATH_MS = 1_000;

/** Each may cost a tail; all feeds of an agent may need one at once. */
export const RESUMES = { perSecond: 2, burst: 16 };

/** Bytes that wait for one agent to read them: tails of all its feeds, twice. */
export const MOST_UNREAD = 16 * 1024 * 1024;
