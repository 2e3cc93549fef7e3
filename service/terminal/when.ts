import { spanText } from "../../agent/text/time.js";

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
