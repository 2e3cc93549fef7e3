import type { Op } from "./query.js";

/** From the first millisecond since 1970 up to, and without, the second. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Seconds of "30s", "15m", "1h", "7d", "2w", "1y"; undefined for anything else. */
export function secondsIn(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,9})([smhdwy])$/.exec(text) ?? [];
  const seconds = UNITS[unit]?.seconds;
  return seconds === undefined ? undefined : Number(digits) * seconds;
}

/** "1 hour" of "1h". */
export function durationText(text: string): string {
  const count = Number.parseInt(text, 10);
  const one = UNITS[text.slice(-1)]?.says ?? text;
  return count === 1 ? `${count} ${one}` : `${count} ${one}s`;
}

const UNITS: Readonly<
  Record<string, { readonly seconds: number; readonly says: string }>
> = {
  s: { seconds: 1, says: "second" },
  m: { seconds: 60, says: "minute" },
  h: { seconds: 3_600, says: "hour" },
  d: { seconds: 86_400, says: "day" },
  w: { seconds: 7 * 86_400, says: "week" },
  y: { seconds: 365 * 86_400, says: "year" },
};

/** Of a time ahead: what has no end. */
export const PERMANENT = "permanent";

/** What is said to last for ever ends in the last of the years that have four digits. */
const FOR_EVER: Span = { from: Date.UTC(9999, 0), to: Infinity };

/**
 * All that a date names, however exact it is: "2026", "2026-11", "2026-11-28",
 * "2026-11-28T14:00Z", "2026-11-28T14:00:30+01:00". Without a zone it is UTC.
 */
export function spanOf(date: string): Span | undefined {
  const [, year, month, day, time] = DATE.exec(date) ?? [];
  if (year === undefined) return undefined;
  if (day !== undefined && !isDay(date.slice(0, 10))) return undefined;
  if (time !== undefined) return momentOf(date.slice(0, 10), time);
  if (day !== undefined) return lasting(Date.parse(date), 86_400_000);
  const at = Number(month ?? 1) - 1;
  if (at < 0 || at > 11) return undefined;
  const next = month === undefined ? 12 : at + 1;
  return { from: utc(Number(year), at), to: utc(Number(year), next) };
}

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(.{5,24}))?)?)?$/;

function momentOf(day: string, text: string): Span | undefined {
  const [, minute, second, fraction, zone = "Z"] = TIME.exec(text) ?? [];
  if (minute === undefined) return undefined;
  const exact = `${second ?? "00"}${fraction ?? ""}`;
  const at = Date.parse(`${day}T${minute}:${exact}${zone}`);
  if (fraction !== undefined) return lasting(at, 1);
  return lasting(at, second === undefined ? 60_000 : 1_000);
}

const TIME = /^(\d\d:\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/;

const lasting = (from: number, ms: number): Span | undefined =>
  Number.isNaN(from) ? undefined : { from, to: from + ms };

/** The years before 100 are not of the last century here. */
function utc(year: number, month: number): number {
  return new Date(0).setUTCFullYear(year, month, 1);
}

/** Whether there is such a day: "2026-02-30" some read as the 2nd of March. */
function isDay(day: string): boolean {
  const at = Date.parse(day);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

/**
 * The times that a value of a field means, as its operator has it. It is the
 * whole of what a time term asks, so that a database may be asked for it, too.
 * @param now milliseconds since 1970
 */
export function timesOf(
  op: Op,
  value: string,
  { ahead }: { readonly ahead?: true },
  now: number,
): Span {
  if (value === PERMANENT) return FOR_EVER;
  const seconds = secondsIn(value);
  if (seconds === undefined) return around(op, spanOf(value) ?? NEVER);
  const isLess = op === "<" || op === "<=";
  if (ahead) {
    const at = now + seconds * 1_000;
    return isLess ? { from: -Infinity, to: at } : { from: at, to: Infinity };
  }
  const at = now - seconds * 1_000;
  return isLess ? { from: at, to: Infinity } : { from: -Infinity, to: at };
}

/** Each time is before, in or behind a span: one of "<", "is" and ">" holds. */
function around(op: Op, { from, to }: Span): Span {
  switch (op) {
    case "is":
      return { from, to };
    case "<":
      return { from: -Infinity, to: from };
    case "<=":
      return { from: -Infinity, to };
    case ">":
      return { from: to, to: Infinity };
    case ">=":
      return { from, to: Infinity };
  }
}

const NEVER: Span = { from: 0, to: 0 };
