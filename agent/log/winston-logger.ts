import winston from "winston";
import type { LogLevel } from "../config/log-levels.js";
import type { Journal } from "./journal.js";
import type { Fields, Logger } from "./logger.js";
import { journalField, knownMessage } from "./message-ids.js";
import { printable } from "./printable.js";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `text` for people and the journal, `json` for collectors. */
  readonly format: "text" | "json";
  /**
   * Whether the journal takes the lines: it has a time of its own for each, and
   * learns their priority from a number in front (sd-daemon(3)).
   */
  readonly journal?: boolean;
  /** Takes entries with their fields, and a MESSAGE_ID where one is known. */
  readonly entries?: Pick<Journal, "write"> | undefined;
}

/** What is written may be more or less from some moment on. */
export interface LeveledLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/** Writes one line an event to standard error, where systemd picks it up. */
export function openLogger({
  level,
  format,
  journal = false,
  entries,
}: LoggerOptions): LeveledLogger {
  const { combine, timestamp, json, printf } = winston.format;
  const lines = format === "json" ? json() : printf(asText);
  const dated = [...(journal && format === "text" ? [] : [timestamp()]), lines];
  const logger = winston.createLogger({
    level,
    format: combine(...dated, ...(journal ? [withPriority()] : [])),
    transports: [entries ? new Entries(entries) : new ToStandardError()],
  });
  return {
    ...wrap(logger),
    setLevel: (to) => void (logger.level = to),
  };
}

class ToStandardError extends winston.transports.Console {
  constructor() {
    super({ stderrLevels: ["error", "warn", "info", "debug"] });
  }
}

/** What the journal does not take goes the way of all lines: it takes longer ones there. */
class Entries extends ToStandardError {
  readonly #journal: Pick<Journal, "write">;

  constructor(journal: Pick<Journal, "write">) {
    super();
    this.#journal = journal;
  }

  override log(info: Info, next: () => void): void {
    if (this.#journal.write(entryOf(info))) next();
    else super.log?.(info, next);
  }
}

function entryOf(info: Info): Readonly<Record<string, string>> {
  const { level, message, timestamp: _dated, ...fields } = info;
  const known = knownMessage(String(message));
  const own = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [journalField(name), fieldText(value)] as const);
  return {
    MESSAGE: String(info[LINE]).replace(/^<\d>/, ""),
    ...(known && { MESSAGE_ID: known.id }),
    PRIORITY: String(PRIORITIES[level as LogLevel]),
    SYSLOG_IDENTIFIER: "tourniquet",
    ...Object.fromEntries(own),
  };
}

const fieldText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

function wrap(logger: winston.Logger): Logger {
  const say = (level: LogLevel) => (message: string, fields?: Fields) =>
    void logger.log(level, message, fields && clean(fields));
  return {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: (fields) => wrap(logger.child(clean(fields))),
  };
}

type Info = winston.Logform.TransformableInfo;

function asText(info: Info): string {
  const { level, message, timestamp, ...fields } = info;
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const dated = timestamp === undefined ? [] : [timestamp];
  return [...dated, level.toUpperCase(), message, ...pairs].join(" ");
}

/** Behind all that makes a line of it. */
const withPriority = winston.format((info) => {
  const line = String(info[LINE]);
  info[LINE] = `<${PRIORITIES[info.level as LogLevel]}>${line}`;
  return info;
});

/** Where winston's formats leave the line that is written. */
const LINE = Symbol.for("message");

/** As syslog(3) has them. */
const PRIORITIES: Readonly<Record<LogLevel, number>> = {
  ...{ error: 3, warn: 4, info: 6, debug: 7 },
};

/** Errors become one line, and nothing from outside can forge a second one. */
function clean(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, cleanValue(value)]),
  );
}

function cleanValue(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  return value instanceof Error ? printable(oneLine(value)) : value;
}

/** "what: why: why that". */
function oneLine(error: Error): string {
  const cause = error.cause instanceof Error ? oneLine(error.cause) : undefined;
  return cause === undefined || error.message.includes(cause)
    ? error.message
    : `${error.message}: ${cause}`;
}
