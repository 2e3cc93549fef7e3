import type { Room } from "./crowd.js";
import type { Rates } from "./connection-limiter.js";

/** What strangers may do at the public door, each with its reason. */

/**
 * Connections, before anything is read or TLS is begun. A core shakes hands
 * some 2,000 times a second; an agent needs three connections at most.
 */
export const CONNECTION_RATES: Rates = {
  ofOnePlace: { perSecond: 150, burst: 1_200 },
  ofOneNetwork: { perSecond: 200, burst: 1_600 },
  ofEverybody: { perSecond: 600, burst: 2_000 },
  reserve: { perSecond: 200, burst: 1_000 },
};

/** Upgrades to a session: a challenge is made, and a signature is checked. */
export const UPGRADE_RATES: Rates = {
  ofOnePlace: { perSecond: 50, burst: 200 },
  ofOneNetwork: { perSecond: 100, burst: 400 },
  ofEverybody: { perSecond: 200, burst: 400 },
  reserve: { perSecond: 100, burst: 400 },
};

/** Of those who have not shown who they are, half the connections at most. */
export function strangersRoom(mostConnections: number): Room {
  const inAll = Math.min(MOST_STRANGERS, Math.ceil(mostConnections / 2));
  return { inAll, ofOne: Math.ceil(inAll / 4) };
}

/** Some 200 MB with TLS. */
const MOST_STRANGERS = 4_096;

/** Sessions that have not said hello: some 30 KB each, what they sent included. */
export const HALF_MADE: Room = { inAll: 1_024, ofOne: 256 };

/** Bytes that a session may send before it is welcomed: a hello, and a frame's head. */
export const HELLO_BYTES = 8_192 + 64;

/** Pieces that they may come in: a small segment of TCP carries 536 bytes. */
export const HELLO_PIECES = 64;

/** How long anybody may stay who does not show who he is: an enrolment, a root. */
export const STRANGER_MS = 30_000;

/** For TLS, and for the head of a request. */
export const HANDSHAKE_MS = 8_000;

/** A connection that asks nothing more. */
export const IDLE_MS = 5_000;

/** Requests on one connection. */
export const MOST_REQUESTS = 100;

/** Bytes of a request's head; an agent's has some 300. */
export const MOST_HEAD_BYTES = 8_192;

/** How often deadlines are looked at. */
export const LOOK_EVERY_MS = 1_000;

/** Connections at the operators' own door. */
export const MOST_OPERATORS = 64;

/** Snapshots that are handed out at once, each an open file: in all, and of one org. */
export const DOWNLOADS: Room = { inAll: 128, ofOne: 32 };

/** Snapshots that one agent fetches at once: it needs one, and tries another. */
export const DOWNLOADS_OF_ONE_AGENT = 2;

/** Requests of one agent that are answered at once: a feed's each, and then some. */
export const EXCHANGES_OF_ONE_AGENT = 16;
