import type { LogEntry } from "./sensor-ports.js";

/**
 * Reads a line of a log file as rsyslog and its like write it, with either date:
 * "Nov  3 12:00:00 host sshd[1]: ..." or "2026-11-03T12:00:00.1+00:00 host ...".
 * The program is what stands there, right behind the host, and nothing further
 * on in the line. Undefined for any other line.
 */
export function readSyslogLine(line: string): LogEntry | undefined {
  const [, identifier, pid = "", message = ""] = PREFIX.exec(line) ?? [];
  if (identifier === undefined) return undefined;
  return { identifier, pid, message, ageMs: 0 };
}

/**
 * NULs stand where a log was cut short while a program wrote on at its old
 * place. Some loggers write the priority first.
 */
const PREFIX =
  /^\0*(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?) \S+ ([\w.-]+)(?:\[(\d+)\])?: ?(.*?)\r?$/s;
