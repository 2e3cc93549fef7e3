import { existsSync } from "node:fs";
import type { Clock } from "../clock.js";
import type { Config } from "../config/config.js";
import type { Translators } from "../model/translators.js";
import { Connections } from "./connections.js";
import { FailureWindow, type Offence } from "./failure-window.js";
import { Journal, readJournalEntry } from "./journal.js";
import { LogFile } from "./log-file.js";
import type { LogEntry, TakeLines } from "./sensor-ports.js";
import { readSource, type Source } from "./source.js";
import { readSshd, SSHD_IDENTIFIERS, type Sign } from "./sshd.js";
import { readSyslogLine } from "./syslog.js";

/** Abuse that a sensor saw: a source that failed too often. */
export interface Detection {
  readonly sensor: string;
  readonly source: Source;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface SshdSensorPorts {
  readonly settings: Config["sensors"]["sshd"];
  /** Prefixes by which this host sees IPv4. */
  readonly translators?: Translators;
  readonly clock: Clock;
  /** Deals with them, and then more is read. */
  detected(detections: readonly Detection[]): Promise<void>;
  readonly events: SensorEvents;
  /** What to start for the journal; "journalctl" unless given. */
  readonly journalctl?: string;
}

/** Says what a sensor reads from, and when it can't. */
export interface SensorEvents {
  sensorFound(sensor: string, source: string): void;
  sensorLost(sensor: string, source: string, why: Error): void;
}

/** Watches sshd's log, and tells who failed to log in too often. */
export function startSshdSensor(ports: SshdSensorPorts): AsyncDisposable {
  const { settings, clock, events } = ports;
  const judge = new SshdJudge(ports);
  const source = settings.source ?? usualSource();
  const path = source === "journal" ? "the journal" : source.file;
  const told = {
    clock,
    found: () => events.sensorFound(SENSOR, path),
    lost: (why: Error) => events.sensorLost(SENSOR, path, why),
  };
  if (source === "journal") {
    return new Journal({
      ...told,
      command: ports.journalctl ?? "journalctl",
      identifiers: SSHD_IDENTIFIERS,
      take: judge.taking((line) => readJournalEntry(line, clock.now())),
    });
  }
  return new LogFile({ ...told, path, take: judge.taking(readSyslogLine) });
}

/** The journal where systemd keeps one, else the file of this distribution. */
function usualSource(): "journal" | { readonly file: string } {
  if (JOURNALS.some((folder) => existsSync(folder))) return "journal";
  const file = LOG_FILES.find((each) => existsSync(each));
  return { file: file ?? DEBIAN_LOG_FILE };
}

const SENSOR = "sshd";
const JOURNALS = ["/run/log/journal", "/var/log/journal"];
const DEBIAN_LOG_FILE = "/var/log/auth.log";
const LOG_FILES = [DEBIAN_LOG_FILE, "/var/log/secure"];

/** From lines to detections. */
class SshdJudge {
  readonly #ports: SshdSensorPorts;
  readonly #findtimeMs: number;
  readonly #window: FailureWindow;
  readonly #connections = new Connections(MOST_CONNECTIONS);

  constructor(ports: SshdSensorPorts) {
    const { findtimeSeconds, maxretry } = ports.settings;
    this.#ports = ports;
    this.#findtimeMs = findtimeSeconds * 1_000;
    this.#window = new FailureWindow({
      findtimeMs: this.#findtimeMs,
      maxretry,
      restMs: REST_MS,
      mostSources: MOST_SOURCES,
    });
  }

  taking(read: (line: string) => LogEntry | undefined): TakeLines {
    return async (lines) => {
      const detections: Detection[] = [];
      for (const line of lines) {
        const entry = read(line);
        const detection = entry && this.#judge(entry);
        if (detection !== undefined) detections.push(detection);
      }
      if (detections.length > 0) await this.#ports.detected(detections);
    };
  }

  #judge(entry: LogEntry): Detection | undefined {
    if (!SSHD_IDENTIFIERS.includes(entry.identifier)) return undefined;
    if (entry.ageMs >= this.#findtimeMs) return undefined;
    const sign = readSshd(entry.message);
    if (sign === undefined) return undefined;
    const source = readSource(sign.from, this.#ports.translators);
    if (source === undefined) return undefined;

    const at = this.#ports.clock.monotonic();
    const failures = this.#weigh(sign, entry.pid, at);
    if (failures < 0) this.#window.takeBack(source.name, -failures);
    if (failures <= 0) return undefined;
    const offence = this.#window.add(source.name, at, failures);
    return offence && this.#tell(source, offence, entry.ageMs);
  }

  /** sshd's process is the connection's own; the PAM lines know no port. */
  #weigh(sign: Sign, pid: string, at: number): number {
    const mark = pid === "" ? sign.port : `[${pid}]`;
    if (mark === "") return sign.kind === "accepted" ? 0 : 1;
    return this.#connections.weigh(`${sign.from} ${mark}`, sign.kind, at);
  }

  #tell(source: Source, offence: Offence, ageMs: number): Detection {
    const { count, firstAt, lastAt } = offence;
    const lastSeen = this.#ports.clock.now() - ageMs;
    const firstSeen = lastSeen - (lastAt - firstAt);
    return { sensor: SENSOR, source, count, firstSeen, lastSeen };
  }
}

/** What an attacker that was just banned still had under way. */
const REST_MS = 10_000;

/** Some 25 MB at most. */
const MOST_SOURCES = 100_000;
const MOST_CONNECTIONS = 16_384;
