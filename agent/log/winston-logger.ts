import winston from "winston";
import type { LogLevel } from "../config/log-levels.js";
import type { Fields, Logger } from "./logger.js";
import { printable } from "./printable.js";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `text` for people and the journal, `json` for collectors. */
  readonly format: "text" | "json";
  /**
   * Whether standard error is the journal, which dates each line itself and takes
   * its priority from the line's beginning (sd-daemon(3)).
   */
  readonly journal?: boolean;
}

/** Writes one line an event to standard error, where systemd picks it up. */
export function openLogger(options: LoggerOptions): Logger {
  const { level, format, journal = false } = options;
  const { combine, timestamp, json, printf } = winston.format;
  const lines = format === "json" ? json() : printf(asText);
  const logger = winston.createLogger({
    level,
    format: journal
      ? combine(lines, prioritised())
      : combine(timestamp(), lines),
    transports: [
      new winston.transports.Console({
        stderrLevels: ["error", "warn", "info", "debug"],
      }),
    ],
  });
  return wrap(logger);
}

/** syslog's numbers (RFC 5424, table 2). */
const PRIORITIES: Readonly<Record<string, number>> = {
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
};

/** As `SD_WARNING` and its like stand before a line. */
const prioritised = winston.format((info) => {
  const line = info[MESSAGE] as string;
  info[MESSAGE] = `<${PRIORITIES[info.level] ?? 6}>${line}`;
  return info;
});

/** Where winston keeps the line that a format has made. */
const MESSAGE = Symbol.for("message");

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

function asText(info: winston.Logform.TransformableInfo): string {
  const { level, message, timestamp, ...fields } = info;
  const pairs = Object.entries(fields).map(
    ([key, value]) => `${key}=${JSON.stringify(value)}`,
  );
  const dated = timestamp === undefined ? [] : [timestamp];
  return [...dated, level.toUpperCase(), message, ...pairs].join(" ");
}

/**
 * Errors become one line, and nothing from outside can forge a second one; what is
 * not known is left out.
 */
function clean(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, cleanValue(value)]),
  );
}

function cleanValue(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  // A measured time in full tells nothing that its microseconds do not.
  if (typeof value === "number") return Math.round(value * 1_000) / 1_000;
  return value instanceof Error ? printable(oneLine(value)) : value;
}

/** "what: why: why that". */
function oneLine(error: Error): string {
  const cause = error.cause instanceof Error ? oneLine(error.cause) : undefined;
  return cause === undefined || error.message.includes(cause)
    ? error.message
    : `${error.message}: ${cause}`;
}
