import type { Translators } from "../model/translators.js";
import type { Clock } from "../runtime/clock.js";
import { Journal, readJournalEntry } from "./journal.js";
import { LogFile } from "./log-file.js";
import { SourceCounts, type CountsView } from "./source-counts.js";
import {
  SENSOR,
  SshdJudge,
  type Suspicion,
  type Thresholds,
} from "./sshd-judge.js";
import { SSHD_IDENTIFIERS } from "./sshd.js";
import { SyslogReader } from "./syslog.js";

/** Where lines of sshd are read from. */
export type Place =
  | { readonly kind: "journal" }
  | {
      readonly kind: "file";
      readonly path: string;
      /** Nobody but sshd writes there. */
      readonly alone: boolean;
    };

export interface SourcePorts {
  thresholds(): Thresholds;
  readonly translators: Translators;
  readonly clock: Clock;
  readonly events: {
    sensorFound(sensor: string, source: string): void;
    sensorLost(sensor: string, source: string, why: Error): void;
  };
  /** What to start for the journal. */
  readonly journalctl: string;
  suspected(from: SshdSource, suspicions: readonly Suspicion[]): Promise<void>;
}

/** One place that is read, with a judge and counts of its own. */
export class SshdSource implements AsyncDisposable {
  readonly place: Place;
  readonly counts = new SourceCounts();
  readonly #reader: AsyncDisposable;
  /** Why it cannot be read; undefined while it is. */
  #lostBecause: string | undefined = "it has not been opened yet";

  constructor(place: Place, ports: SourcePorts) {
    const { clock, events } = ports;
    this.place = place;
    const told = {
      clock,
      found: () => {
        this.#lostBecause = undefined;
        events.sensorFound(SENSOR, this.name);
      },
      lost: (why: Error) => {
        this.#lostBecause = why.message;
        events.sensorLost(SENSOR, this.name, why);
      },
    };
    const judge = new SshdJudge({
      ...{ ...ports, counts: this.counts, read: readerOf(place) },
      suspected: (some) => ports.suspected(this, some),
    });
    const { take } = judge;
    const identifiers = SSHD_IDENTIFIERS;
    this.#reader =
      place.kind === "journal"
        ? new Journal({ ...told, command: ports.journalctl, identifiers, take })
        : new LogFile({ ...told, path: place.path, take });
  }

  /** As people know it. */
  get name(): string {
    return this.place.kind === "journal" ? "the journal" : this.place.path;
  }

  get lostBecause(): string | undefined {
    return this.#lostBecause;
  }

  /** Whether what it says of an address is proven by who may write there. */
  get isProven(): boolean {
    return this.place.kind === "journal" || this.place.alone;
  }

  view(): CountsView {
    return this.counts.view();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#reader[Symbol.asyncDispose]() as Promise<void>;
  }
}

function readerOf(place: Place) {
  if (place.kind === "journal") return readJournalEntry;
  const { alone } = place;
  const reader = new SyslogReader({ identifiers: SSHD_IDENTIFIERS, alone });
  return (line: string) => reader.read(line);
}
