import type { Translators } from "../model/translators.js";
import type { Clock } from "../runtime/clock.js";
import { Connections } from "./connections.js";
import { Dating } from "./dating.js";
import { FailureWindow, type Offence } from "./failure-window.js";
import { LogDates } from "./log-date.js";
import { lastRepeated, repeatIn, type Repeat } from "./repeats.js";
import type { Arrival, LogDate, LogEntry, TakeLines } from "./sensor-ports.js";
import type { SourceCounts } from "./source-counts.js";
import { readSource, type Source } from "./source.js";
import {
  isOfSshd,
  readSshd,
  SSHD_IDENTIFIERS,
  type AuthEvent,
} from "./sshd.js";

/** Abuse that a sensor saw: a source that failed too often. */
export interface Detection {
  readonly sensor: string;
  readonly source: Source;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** A detection, and since when it was under way by the clock that never jumps. */
export interface Suspicion {
  readonly detection: Detection;
  readonly since: number;
}

/** What a sensor goes by at the moment: a policy may set it otherwise meanwhile. */
export interface Thresholds {
  /** So many failures within so many seconds are too many. */
  readonly maxretry: number;
  readonly findtimeSeconds: number;
}

export interface JudgePorts {
  thresholds(): Thresholds;
  /** Prefixes by which this host sees IPv4. */
  readonly translators: Translators;
  readonly clock: Clock;
  readonly counts: SourceCounts;
  readonly read: (line: string) => LogEntry | undefined;
  /** Deals with them, and then more is read. */
  suspected(suspicions: readonly Suspicion[]): Promise<void>;
}

export const SENSOR = "sshd";

/** From the lines of one source to who failed too often there. */
export class SshdJudge {
  readonly #ports: JudgePorts;
  readonly #window: FailureWindow;
  readonly #connections = new Connections(MOST_CONNECTIONS);
  readonly #dates = new LogDates();
  readonly #dating: Dating;
  /** The line before, if it was of sshd: it may be said to have been repeated. */
  #before: LogEntry | undefined;

  constructor(ports: JudgePorts) {
    const bounds = () => {
      const { maxretry, findtimeSeconds } = ports.thresholds();
      return { maxretry, findtimeMs: findtimeSeconds * 1_000 };
    };
    this.#ports = ports;
    this.#dating = new Dating(() => bounds().findtimeMs);
    const room = { restMs: REST_MS, mostSources: MOST_SOURCES };
    this.#window = new FailureWindow({ bounds, ...room });
  }

  readonly take: TakeLines = async (lines, arrival) => {
    const { clock, counts } = this.#ports;
    const moment = { arrival, now: clock.now(), at: clock.monotonic() };
    const suspicions: Suspicion[] = [];
    counts.lines += lines.length;
    for (const line of lines) {
      const suspicion = this.#judge(line, moment);
      if (suspicion !== undefined) suspicions.push(suspicion);
    }
    if (arrival === "appended") this.#dating.caughtUp();
    if (suspicions.length > 0) await this.#ports.suspected(suspicions);
  };

  #judge(line: string, moment: Moment): Suspicion | undefined {
    const entry = this.#ports.read(line);
    if (entry === undefined) return this.#unnamed(line, moment);
    if (!SERVICES.has(entry.identifier)) {
      this.#before = undefined;
      if (moment.arrival === "again")
        this.#dating.passed(this.#dateOf(entry, moment));
      return undefined;
    }
    const repeat = repeatIn(entry.message);
    const said = repeat ? this.#repeated(repeat, entry) : entry;
    const sign = said && readSshd(said.message);
    this.#count(sign !== undefined || isOfSshd(entry.message), moment);
    if (said !== undefined) this.#before = said;
    if (sign === undefined) {
      if (moment.arrival === "again")
        this.#dating.passed(this.#dateOf(entry, moment));
      return undefined;
    }
    return this.#weighed(sign, { entry, times: repeat?.times ?? 1 }, moment);
  }

  /** A line that no program is in front of. */
  #unnamed(line: string, moment: Moment): Suspicion | undefined {
    const before = this.#before;
    const repeat = lastRepeated(line);
    if (repeat !== undefined && before !== undefined) {
      const sign = readSshd(before.message);
      const seen = { entry: before, times: repeat.times };
      return sign && this.#weighed(sign, seen, moment);
    }
    this.#before = undefined;
    if (line.includes(SENSOR)) this.#count(false, moment);
    return undefined;
  }

  /** What was said again: the words in the brackets, or those before. */
  #repeated(repeat: Repeat, entry: LogEntry): LogEntry | undefined {
    if (repeat.message !== undefined) {
      return { ...entry, message: repeat.message };
    }
    const before = this.#before;
    return before?.pid === entry.pid ? before : undefined;
  }

  #count(isUnderstood: boolean, { now, at }: Moment): void {
    const { counts } = this.#ports;
    counts.ofService++;
    counts.newest = now;
    counts.heardAt = at;
    if (!isUnderstood) return counts.unread.note(at);
    counts.understood++;
    counts.understoodAt = at;
    counts.unread.end();
  }

  #weighed(
    sign: AuthEvent,
    { entry, times }: { entry: LogEntry; times: number },
    moment: Moment,
  ): Suspicion | undefined {
    const { arrival, now, at } = moment;
    const { counts } = this.#ports;
    const ageMs = this.#dating.ageOf(this.#dateOf(entry, moment), arrival, now);
    if (ageMs === undefined) {
      counts.old += times;
      if (arrival === "appended") counts.outdated.note(at, times);
      return undefined;
    }
    counts.outdated.end();
    const source = readSource(sign.from, this.#ports.translators);
    if (source === undefined) return undefined;
    const failures = this.#weigh(sign, { pid: entry.pid, times }, at);
    if (failures < 0) this.#window.takeBack(source.name, -failures);
    if (failures <= 0) return undefined;
    counts.failures += failures;
    const offence = this.#window.add(source.name, at, failures);
    return offence && suspicionOf(source, offence, now - ageMs);
  }

  #dateOf({ date }: LogEntry, { now }: Moment): LogDate | undefined {
    return typeof date === "string" ? this.#dates.read(date, now) : date;
  }

  /** sshd's process is the connection's own; the PAM lines know no port. */
  #weigh(
    { kind, from, port }: AuthEvent,
    { pid, times }: { pid: string; times: number },
    at: number,
  ): number {
    const mark = pid === "" ? port : `[${pid}]`;
    if (mark === "") return kind === "accepted" ? 0 : times;
    const connection = `${from} ${mark}`;
    let failures = this.#connections.weigh(connection, kind, at);
    for (let more = 1; more < times; more++) {
      failures += this.#connections.weigh(connection, kind, at);
    }
    return failures;
  }
}

/** How a line came, the wall clock, and the clock that never jumps. */
interface Moment {
  readonly arrival: Arrival;
  readonly now: number;
  readonly at: number;
}

function suspicionOf(
  source: Source,
  { count, firstAt, lastAt }: Offence,
  lastSeen: number,
): Suspicion {
  const firstSeen = lastSeen - (lastAt - firstAt);
  const detection = { sensor: SENSOR, source, count, firstSeen, lastSeen };
  return { detection, since: firstAt };
}

const SERVICES: ReadonlySet<string> = new Set(SSHD_IDENTIFIERS);

/** What an attacker that was just banned still had under way. */
const REST_MS = 10_000;

/** Some 25 MB at most. */
const MOST_SOURCES = 100_000;
const MOST_CONNECTIONS = 16_384;
