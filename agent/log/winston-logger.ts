import winston from "winston";
import type { LogLevel } from "../config/log-levels.js";
import type { Fields, Logger } from "./logger.js";
import { printable } from "./printable.js";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `text` for people and the journal, `json` for collectors. */
  readonly format: "text" | "json";
}

/** Writes one line an event to standard error, where systemd picks it up. */
export function openLogger({ level, format }: LoggerOptions): Logger {
  const { combine, timestamp, json, printf } = winston.format;
  const logger = winston.createLogger({
    level,
    format: combine(timestamp(), format === "json" ? json() : printf(asText)),
    transports: [
      new winston.transports.Console({
        stderrLevels: ["error", "warn", "info", "debug"],
      }),
    ],
  });
  return wrap(logger);
}

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
  return [timestamp, level.toUpperCase(), message, ...pairs].join(" ");
}

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
