import { formatCidr } from "../model/cidr.js";
import type { Contact } from "../model/contact.js";

/** A contact as it is remembered. */
export interface Remembered extends Contact {
  /** Packets that were told of: at least so many were sent. */
  readonly packets: number;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/**
 * Who contacted whom: the latest, so that a flood of them fills no memory. Who
 * does the same again is remembered once.
 */
export class Contacts {
  readonly #entries = new Map<string, Entry>();
  readonly #most: number;
  #forgotten = 0;

  constructor(most = MOST_REMEMBERED) {
    this.#most = most;
  }

  /** How many had to make room for others. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The latest first. */
  list(): readonly Remembered[] {
    return [...this.#entries.values()].map(({ seen }) => seen).reverse();
  }

  /**
   * Takes note of one packet. Returns the contact where it is due to be
   * reported: when it is new, and once in a while when it goes on; its packets
   * are then those since it was last reported.
   */
  take(contact: Contact, now: number): Remembered | undefined {
    const key = keyOf(contact);
    const before = this.#entries.get(key);
    const seen = seenAgain(before?.seen, contact, now);
    const isDue = before === undefined || isDueAgain(before, seen);
    const reported = isDue
      ? { reportedAt: now, reported: seen.packets }
      : { reportedAt: before.reportedAt, reported: before.reported };
    this.#entries.delete(key);
    this.#entries.set(key, { seen, ...reported });
    this.#makeRoom();
    if (!isDue) return undefined;
    return { ...seen, packets: seen.packets - (before?.reported ?? 0) };
  }

  #makeRoom(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#most) return;
      this.#entries.delete(key);
      this.#forgotten++;
    }
  }
}

interface Entry {
  readonly seen: Remembered;
  readonly reportedAt: number;
  /** Of its packets, how many were reported. */
  readonly reported: number;
}

const seenAgain = (
  before: Remembered | undefined,
  contact: Contact,
  now: number,
): Remembered => ({
  ...contact,
  begun: contact.begun || before?.begun === true,
  packets: (before?.packets ?? 0) + 1,
  firstSeen: before?.firstSeen ?? now,
  lastSeen: now,
});

/** The clock may jump back: then it is told once too often. */
const isDueAgain = (before: Entry, seen: Remembered): boolean =>
  seen.begun !== before.seen.begun ||
  Math.abs(seen.lastSeen - before.reportedAt) >= REPORTED_EVERY_MS;

/** Some 500 bytes each. */
const MOST_REMEMBERED = 1_024;

/** Whoever calls all day is told of this often. */
const REPORTED_EVERY_MS = 600_000;

/** Not its number: what is started again and again is one caller. */
function keyOf({ remote, protocol, port, ...contact }: Contact): string {
  const { uid, process, unit, container } = contact.caller;
  return JSON.stringify([
    ...[formatCidr(remote), protocol, port],
    ...[contact.forwarded, contact.observed],
    ...[uid, process?.name, unit, container],
  ]);
}
