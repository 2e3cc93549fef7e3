import { containerLineIn, isContainerTag } from "./container-line.js";
import type { LogEntry } from "./sensor-ports.js";

/** Whose lines are looked for, and what may be left out of them. */
export interface LineFormat {
  /** Names of the programs, as "sshd". */
  readonly identifiers: readonly string[];
  /** Nobody else writes there: a line without a program is the first one's. */
  readonly alone: boolean;
}

/**
 * Reads the lines of a log, in whichever of the usual forms they are.
 *
 * A line is what its own beginning says. In front stand, each at most once and in
 * this order: a priority, a date, a host, a facility with its level, and the
 * program. The first word that ends in a colon is the program, and what follows
 * it is its message, whatever that looks like: a prefix within a message is what
 * somebody wrote there. Only a date and a host without a program, and what runs
 * containers, are passed through to a second prefix behind them, since all that
 * they do is hand on.
 */
export class SyslogReader {
  readonly #format: LineFormat;
  /** Whether the next line goes on with one that was too long for its container's log. */
  #continues = false;

  constructor(format: LineFormat) {
    this.#format = format;
  }

  /** Undefined for a line that nobody's prefix is in front of. */
  read(line: string): LogEntry | undefined {
    const end = line.endsWith("\r") ? line.length - 1 : line.length;
    // Most lines by far; without its JIT, Node is slow at all that is not built in.
    const head = COMMON.exec(line);
    const tag = head?.[2] ?? "";
    if (head === null || tag.includes("/") || isContainerTag(tag)) {
      return this.#unusual(line.slice(0, end));
    }
    const message = line.slice(head[0].length, end);
    return {
      identifier: tag,
      pid: head[3] ?? "",
      message,
      date: head[1] ?? "",
    };
  }

  #unusual(line: string): LogEntry | undefined {
    const text = line.replace(/^\0+/, "");
    const wrapped = containerLineIn(text);
    if (wrapped === undefined) {
      const { alone } = this.#format;
      return this.#within(text, { date: "", alone, depth: 0 });
    }
    const goesOn = this.#continues;
    this.#continues = !wrapped.isEnd;
    // Where a line was cut, what comes next may be anybody's words.
    if (goesOn || !wrapped.isEnd) return undefined;
    const { date } = wrapped;
    return this.#within(wrapped.text, { date, alone: true, depth: 1 });
  }

  /** `outer` is what was in front of it. */
  #within(text: string, outer: Outer): LogEntry | undefined {
    const whole = protocolEntry(text, outer.date);
    if (whole !== undefined) return whole;
    const front = frontOf(text);
    const date = outer.date || front.date;
    const goOn = (length: number, alone: boolean) => {
      const depth = outer.depth + 1;
      return this.#within(text.slice(length), { date, alone, depth });
    };
    const mayGoOn = outer.depth < MOST_PREFIXES;
    if (mayGoOn && front.handsOn > 0) {
      return goOn(front.handsOn, outer.alone || front.alone);
    }
    const head = headOf(text, front.date !== "");
    if (mayGoOn && isContainerTag(head.tag)) return goOn(head.length, true);
    const message = text.slice(head.length);
    const entry = entryOf({ ...head, message }, date);
    if (!outer.alone || this.#isNamed(entry)) return entry;
    return this.#ours(text.slice(front.length), date);
  }

  /** A message alone, where only one program logs. */
  #ours(message: string, date: string): LogEntry {
    const [identifier = ""] = this.#format.identifiers;
    return { identifier, pid: "", message, date };
  }

  /** Whether that was a program, and no word of a message that ends in a colon. */
  #isNamed(entry: LogEntry | undefined): boolean {
    if (entry === undefined) return false;
    const { identifiers } = this.#format;
    return entry.pid !== "" || identifiers.includes(entry.identifier);
  }
}

interface Outer {
  /** The first date in front, which counts; "" as long as there was none. */
  readonly date: string;
  readonly alone: boolean;
  /** How many prefixes were passed through. */
  readonly depth: number;
}

/** What is in front where no program is. */
interface Front {
  /** "" where there is none. */
  readonly date: string;
  readonly length: number;
  /** How much of it only hands on what is behind; 0 where it does not. */
  readonly handsOn: number;
  readonly alone: boolean;
}

function frontOf(text: string): Front {
  const supervised = SUPERVISED.exec(text);
  const handed = supervised ?? HANDED_ON.exec(text);
  const [dated = "", date = ""] = supervised ?? DATED.exec(text) ?? [];
  const handsOn = handed?.[0].length ?? 0;
  return { date, length: dated.length, handsOn, alone: supervised !== null };
}

/** The program in front, "" where there is none. */
function headOf(text: string, isDated: boolean) {
  const head = (isDated ? USUAL : UNDATED).exec(text);
  const [tag = "", pid = ""] = head?.slice(-2) ?? [];
  return { tag, pid, length: head?.[0].length ?? 0 };
}

function protocolEntry(text: string, outerDate: string): LogEntry | undefined {
  const found = PROTOCOL.exec(text) ?? PROTOCOL_BARE.exec(text);
  if (found === null) return undefined;
  const [whole, date = "", tag = "", pid = ""] = found;
  const message = text.slice(whole.length);
  return entryOf({ tag, pid, message }, outerDate || date);
}

/** Some programs name themselves by their whole path. */
function entryOf(
  { tag, pid, message }: { tag: string; pid: string; message: string },
  date: string,
): LogEntry | undefined {
  if (tag === "") return undefined;
  const identifier = tag.startsWith("/")
    ? tag.slice(tag.lastIndexOf("/") + 1)
    : tag;
  return { identifier, pid: pid === "-" ? "" : pid, message, date };
}

const TIME = "\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?";
const MONTH_DAY = "[A-Z][a-z]{2} [ \\d]?\\d";
const ZONE = "(?: ?(?:Z|[+-]\\d\\d(?::?\\d\\d)?)| [A-Z]{3,5}(?= ))?";
const ISO = `\\d{4}[-/]\\d\\d[-/]\\d\\d[T ]${TIME}${ZONE}`;

/** RFC 3164 with or without a weekday, a year, fractions; ISO 8601; a Unix time. */
const DATE =
  `(?:[A-Z][a-z]{2} )?(?:(?:\\d{4} )?${MONTH_DAY} (?:\\d{4} )?${TIME}(?: \\d{4}(?= ))?|${ISO})` +
  "|\\d{9,10}\\.\\d{3,6}";

/**
 * NULs stand where a log was cut short while a program wrote on at its old
 * place. Some loggers write the priority first.
 */
const START = `^\\0*(?:<\\d{1,3}>)?(${DATE}) `;

/** A host is no word that ends in a colon: that would be the program. */
const HOST = "(?:\\S*[^\\s:] )?";
const LEVEL = "(?:[a-z]{3,8}[0-7]?\\.[a-z]{3,7} )?";
const PROGRAM = "([\\w.+@/-]{1,128})(?:\\(\\w+\\))?(?:\\[(\\d{1,10})\\])?: ?";

/** What is in front where no program is. */
export const DATE_AND_HOST = START + HOST;

const USUAL = new RegExp(`${START}${HOST}${LEVEL}${PROGRAM}`);
const COMMON = new RegExp(
  `^(${MONTH_DAY} \\d\\d:\\d\\d:\\d\\d|\\d{4}-\\d\\d-\\d\\dT[\\d:.]+(?:Z|[+-]\\d\\d:\\d\\d)) (?:[\\w.-]+ )?([\\w.-]+)(?:\\[(\\d{1,10})\\])?: ?`,
);
const DATED = new RegExp(START);
/** What `dmesg` and journalctl's "short-monotonic" put in front is no date. */
const UNDATED = new RegExp(
  `^(?:<\\d{1,3}>)?(?:\\[ *\\d+\\.\\d+\\] ${HOST})?${LEVEL}${PROGRAM}`,
);
const HANDED_ON = new RegExp(`${START}${HOST}(?=(?:<\\d{1,3}>)?(?:${DATE}) )`);

/** Daemontools' children write so: one log for each service. */
const SUPERVISED = new RegExp(`^(\\d{4}-\\d\\d-\\d\\d_${TIME}) `);

const DATA =
  '(?:-|(?:\\[[^\\]\\s"]+(?: [^=\\s"]+="(?:[^"\\\\]|\\\\.)*")*\\])+)(?: |$)(?:\\xef\\xbb\\xbf)?';

/** RFC 5424; without its version only with a process and a proper date. */
const PROTOCOL = new RegExp(
  `^(?:<\\d{1,3}>)?1 (${ISO}) \\S+ (\\S+) (\\d{1,10}|\\S+) \\S+ ${DATA}`,
);
const PROTOCOL_BARE = new RegExp(
  `^(?:<\\d{1,3}>)?(${ISO}) \\S*[^\\s:] ([^\\s:[]+) (\\d{1,10}) \\S+ ${DATA}`,
);

/** A container's log within a relay's within a file's. */
const MOST_PREFIXES = 3;
