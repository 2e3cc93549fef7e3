import { DATE_AND_HOST } from "./syslog.js";

/** What a logger wrote in place of equal messages. */
export interface Repeat {
  /** How many more there were. */
  readonly times: number;
  /** The message itself; undefined where it is the one before. */
  readonly message: string | undefined;
}

/**
 * Reads "message repeated 3 times: [ ... ]", as rsyslog folds, and BSD's "last
 * message repeated 3 times". Both stand where a message begins, and none of
 * sshd's does so with words of others. What was folded ends at the last bracket
 * of the line, so that brackets in a user's name end nothing.
 */
export function repeatIn(message: string): Repeat | undefined {
  if (!BEGINS.has(message.charCodeAt(0))) return undefined;
  const [, folded, inner] = FOLDED.exec(message) ?? [];
  if (folded !== undefined) return { times: bounded(folded), message: inner };
  const [, again] = AGAIN.exec(message) ?? [];
  if (again === undefined) return undefined;
  return { times: bounded(again), message: undefined };
}

/** The same where no program's name is in front, as sysklogd writes it. */
export const lastRepeated = (line: string): Repeat | undefined =>
  line.includes(LAST) ? repeatIn(UNNAMED.exec(line)?.[2] ?? "") : undefined;

const bounded = (times: string): number =>
  Math.min(Number(times), MOST_REPEATS);

/** "m", "l" and "-": most messages are neither, and are not looked at further. */
const BEGINS: ReadonlySet<number> = new Set([0x6d, 0x6c, 0x2d]);
const LAST = "last message repeated ";
const FOLDED = /^message repeated (\d{1,9}) times: \[ ?(.*)\]$/s;
const AGAIN = /^(?:--- )?last message repeated (\d{1,9}) times?(?: ---)?$/;
const UNNAMED = new RegExp(
  `${DATE_AND_HOST}((?:--- )?last message repeated .{3,20})$`,
);

/** More of one message within a logger's patience is a number that somebody made up. */
const MOST_REPEATS = 1_000;
