import { misused } from "../../agent/text/failure.js";

/**
 * "90s", "15m", "24h" or "7d" in seconds.
 * @throws Failure that names the option
 */
export function secondsOf(option: string, text: string, most: number): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS.get(unit ?? "") ?? NaN);
  if (seconds >= 1 && seconds <= most) return seconds;
  throw misused(
    `${option} "${text}" is not a time such as 15m or 24h, of at most ${most / 3_600} hours`,
  );
}

const UNITS = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3_600],
  ["d", 86_400],
]);
