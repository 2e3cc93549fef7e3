import { spanText, timeText } from "../../agent/text/time.js";

/**
 * A moment for whoever reads it: at a terminal by the local clock and how far away
 * it is, "21:30:00 (in 3 h)"; anywhere else, where a program may read it, as ISO
 * 8601. Takes milliseconds since 1970 or ISO 8601.
 */
export function momentText(
  moment: number | string,
  { isTTY }: { readonly isTTY?: boolean } = process.stdout,
  now = Date.now(),
): string {
  if (isTTY !== true) return timeText(moment);
  return `${localTime(moment, now)} (${fromNow(moment, now)})`;
}

/** The same where there is little room, as in a table: "21:30 (in 3 h)". */
export function shortMoment(
  moment: number | string,
  { isTTY }: { readonly isTTY?: boolean } = process.stdout,
  now = Date.now(),
): string {
  if (isTTY !== true) return timeText(moment);
  const at = new Date(moment);
  const time = [at.getHours(), at.getMinutes()].map(twoDigits).join(":");
  const awayMs = Math.abs(at.getTime() - now);
  const day =
    awayMs < HALF_A_DAY_MS
      ? ""
      : `${at.getDate()} ${MONTHS[at.getMonth()] ?? ""} `;
  const when = awayMs > HALF_A_YEAR_MS ? dayOf(at) : `${day}${time}`;
  // Its largest unit tells enough.
  const far = fromNow(moment, now).replace(/(\d+ (?:h|d)) \d+ (?:min|h)/, "$1");
  return `${when} (${far})`;
}

/** The narrowest: "3 min ago" at a terminal, and ISO 8601 anywhere else. */
export const farMoment = (
  moment: number | string,
  { isTTY }: { readonly isTTY?: boolean } = process.stdout,
  now = Date.now(),
): string => (isTTY === true ? fromNow(moment, now) : timeText(moment));

/** How far away it is says which day is meant. */
const HALF_A_DAY_MS = 12 * 3_600_000;
const HALF_A_YEAR_MS = 180 * 86_400_000;
const MONTHS = [
  ...["Jan", "Feb", "Mar", "Apr", "May", "Jun"],
  ...["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];

/**
 * A moment as people at this host say it: by the local clock, with the date when
 * it is not of today. Takes milliseconds since 1970 or ISO 8601.
 */
export function localTime(moment: number | string, now: number): string {
  const at = new Date(moment);
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map(twoDigits)
    .join(":");
  return isSameDay(at, new Date(now)) ? time : `${dayOf(at)} ${time}`;
}

/** "3 min ago", or "in 3 h" for what is still to come. */
export function fromNow(moment: number | string, now: number): string {
  const ms = new Date(moment).getTime() - now;
  return ms > 0 ? `in ${spanText(ms)}` : `${spanText(-ms)} ago`;
}

const isSameDay = (a: Date, b: Date): boolean => dayOf(a) === dayOf(b);

const dayOf = (at: Date): string =>
  [
    String(at.getFullYear()).padStart(4, "0"),
    twoDigits(at.getMonth() + 1),
    twoDigits(at.getDate()),
  ].join("-");

const twoDigits = (number: number): string => String(number).padStart(2, "0");
