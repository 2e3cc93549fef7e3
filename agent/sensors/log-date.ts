import type { LogDate } from "./sensor-ports.js";

/**
 * Reads a date in the forms that `SyslogReader` knows; undefined for none. Where
 * the year is left out it is the latest that is not in the future, give or take
 * the zones of this world: a log of December is read in January. Supervisors,
 * who put "_" before the time, write UTC.
 * @param nowMs milliseconds since 1970
 */
export function readDate(text: string, nowMs: number): LogDate | undefined {
  const iso = ISO.exec(text);
  if (iso?.groups !== undefined) return isoDate(iso.groups);
  const named = NAMED.exec(text);
  if (named?.groups !== undefined) return namedDate(named.groups, nowMs);
  if (!UNIX.test(text)) return undefined;
  return { ms: Math.round(Number(text) * 1_000), zoned: true };
}

/**
 * Reads the dates of one log. They come in order, so most are like the one before
 * but for their fractions of a second, and only these are read anew.
 */
export class LogDates {
  #text = "";
  /** What is in front of the fraction, and behind it. */
  #front = "";
  #behind = "";
  /** The date without its fraction. */
  #whole: LogDate | undefined;
  #date: LogDate | undefined;

  read(text: string, nowMs: number): LogDate | undefined {
    if (text === this.#text) return this.#date;
    const whole = this.#whole;
    const isAlike =
      text.length === this.#text.length &&
      text.startsWith(this.#front) &&
      text.endsWith(this.#behind);
    this.#text = text;
    if (whole !== undefined && isAlike) {
      const { ms, zoned } = whole;
      const end = text.length - this.#behind.length;
      const fraction = Number(`0.${text.slice(this.#front.length, end)}`);
      this.#date = { ms: ms + Math.floor(fraction * 1_000), zoned };
      return this.#date;
    }
    this.#date = readDate(text, nowMs);
    const [, seconds, point = "", behind = ""] = FRACTION.exec(text) ?? [];
    this.#front = `${seconds}${point}`;
    this.#behind = behind;
    this.#whole =
      seconds === undefined
        ? undefined
        : readDate(`${seconds}${behind}`, nowMs);
    return this.#date;
  }
}

const FRACTION = /^(.*\d\d:\d\d:\d\d)([.,])\d{1,9}(\D.*|)$/;

type Groups = Readonly<Record<string, string | undefined>>;

function isoDate(groups: Groups): LogDate | undefined {
  const { year, month, between, zone = "" } = groups;
  const ms = utc(Number(year), Number(month) - 1, groups);
  if (ms === undefined) return undefined;
  const ahead = between === "_" ? 0 : offsetOf(zone.trim());
  return ahead === undefined
    ? { ms, zoned: false }
    : { ms: ms - ahead, zoned: true };
}

/** Milliseconds that a zone is ahead of UTC; undefined where it is not known. */
function offsetOf(zone: string): number | undefined {
  if (zone === "Z" || zone === "UTC" || zone === "GMT") return 0;
  const [, sign, hours, minutes = "0"] =
    /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (sign === undefined) return undefined;
  const ahead = Number(hours) * 60 + Number(minutes);
  return (sign === "-" ? -ahead : ahead) * 60_000;
}

function namedDate(groups: Groups, nowMs: number): LogDate | undefined {
  const { first, between, last, name = "" } = groups;
  const month = MONTHS.indexOf(name);
  if (month < 0) return undefined;
  const given = first ?? between ?? last;
  if (given !== undefined) {
    const ms = utc(Number(given), month, groups);
    return ms === undefined ? undefined : { ms, zoned: false };
  }
  const latest = nowMs + WIDEST_ZONES_MS;
  const thisYear = new Date(latest).getUTCFullYear();
  for (let year = thisYear; year > thisYear - YEARS; year--) {
    const ms = utc(year, month, groups);
    if (ms !== undefined && ms <= latest) return { ms, zoned: false };
  }
  return undefined;
}

/** Undefined for a day that the year does not have. */
function utc(
  year: number,
  month: number,
  { day, h, m, s, fraction = "0" }: Groups,
): number | undefined {
  const midnight = Date.UTC(year, month, Number(day));
  const there = new Date(midnight);
  if (there.getUTCMonth() !== month || there.getUTCDate() !== Number(day)) {
    return undefined;
  }
  const seconds = (Number(h) * 60 + Number(m)) * 60 + Number(s);
  return midnight + seconds * 1_000 + Math.floor(Number(`0.${fraction}`) * 1e3);
}

const MONTHS = [
  ...["Jan", "Feb", "Mar", "Apr", "May", "Jun"],
  ...["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];

const TIME =
  "(?<h>\\d\\d):(?<m>\\d\\d):(?<s>\\d\\d)(?:[.,](?<fraction>\\d{1,9}))?";
const WEEKDAY = "^(?:[A-Z][a-z]{2} )?";

const ISO = new RegExp(
  `${WEEKDAY}(?<year>\\d{4})[-/](?<month>\\d\\d)[-/](?<day>\\d\\d)(?<between>[T _])${TIME}(?<zone>.*)$`,
);
const NAMED = new RegExp(
  `${WEEKDAY}(?:(?<first>\\d{4}) )?(?<name>[A-Z][a-z]{2}) (?<day>[ \\d]?\\d) (?:(?<between>\\d{4}) )?${TIME}(?: (?<last>\\d{4}))?$`,
);
const UNIX = /^\d{9,10}\.\d{3,6}$/;

/** From fourteen hours ahead of UTC to twelve behind it. */
const WIDEST_ZONES_MS = 26 * 3_600_000;
/** The 29th of February may be so long ago. */
const YEARS = 9;
