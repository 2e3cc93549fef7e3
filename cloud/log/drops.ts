import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";

/** What was over a budget, and in which words that is told. */
const sentences = {
  "connections-too-fast": "connections came faster than they are taken",
  "connections-crowded-out": "strangers' connections made room for newer ones",
  "connections-all-taken":
    "all connections are taken; the oldest stranger went",
  "strangers-too-long": "connections showed nobody within their time",
  "upgrades-too-fast": "agents were asked to come back: too many at once",
  "sessions-crowded-out": "sessions without a hello made room for newer ones",
  "hellos-too-large": "sessions sent more than a hello before they said one",
  "unread-too-much": "agents were sent away that read nothing",
  "requests-too-many": "an agent asked for more at once than it may",
  "snapshots-too-many":
    "more snapshots were asked for at once than are handed out",
  "log-too-fast": "the log was asked for more than it hands out",
  "answers-over-budget":
    "receipts and refusals of an agent were over its budget",
  "answers-no-room": "receipts and refusals were not kept: the disk is short",
  "telemetry-over-agent": "telemetry was over an agent's budget; it keeps it",
  "telemetry-over-org": "telemetry was over an org's budget; its hosts keep it",
  "sign-ins-refused": "operators did not prove who they are",
  "sign-ins-too-many":
    "passwords were tried more often than they are looked at",
  "telemetry-no-room":
    "telemetry was not taken: the disk is short; hosts keep it",
} as const;

export type Dropped = keyof typeof sentences;

/** How often something was dropped since the start, and when last. */
export interface Drop {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

/** Counts what was dropped by which budget; the log hears of each now and then. */
export class Drops {
  readonly #ports: { readonly clock: Clock; readonly log: Logger };
  readonly #all = new Map<
    Dropped,
    Drop & { readonly toldAt: number; readonly untold: number }
  >();

  constructor(ports: { readonly clock: Clock; readonly log: Logger }) {
    this.#ports = ports;
  }

  count(what: Dropped): void {
    const { clock, log } = this.#ports;
    const known = this.#all.get(what);
    const now = clock.monotonic();
    const untold = (known?.untold ?? 0) + 1;
    const isDue = known === undefined || now - known.toldAt >= TELL_EVERY_MS;
    if (isDue) log.warn(sentences[what], { budget: what, dropped: untold });
    this.#all.set(what, {
      count: (known?.count ?? 0) + 1,
      lastAt: clock.now(),
      toldAt: isDue ? now : known.toldAt,
      untold: isDue ? 0 : untold,
    });
  }

  report(): Readonly<Record<string, Drop & { readonly what: string }>> {
    const all = [...this.#all].map(([budget, { count, lastAt }]) => {
      return [budget, { count, lastAt, what: sentences[budget] }] as const;
    });
    return Object.fromEntries(all);
  }
}

const TELL_EVERY_MS = 60_000;
