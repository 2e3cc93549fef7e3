/**
 * ERROR: protection is broken. WARN: would wake someone. INFO: a state changed.
 * DEBUG: why a branch was taken. Values are fields, never part of the message.
 */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A logger that adds `fields` to whatever it says. */
  child(fields: Fields): Logger;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
