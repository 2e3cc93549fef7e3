import { misused } from "../../agent/text/failure.js";
import { FOREVER } from "../../agent/model/ban.js";
import { timeText } from "../../agent/text/time.js";

/** "1 range", "1,024 ranges". */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : many}`;

/** "100,040". */
export const grouped = (count: number): string => count.toLocaleString("en-US");

/** Of ISO 8601: "until 2026-11-28T06:13:03Z", or "without end". */
export const untilText = (until: string): string =>
  Date.parse(until) >= FOREVER * 1000
    ? "without end"
    : `until ${momentOf(until)}`;

/** Of milliseconds since 1970, or of ISO 8601: to the second. */
export const momentOf = timeText;

/** "12 s", "3 min", "5 h", "9 days". */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 120 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** What a listing that was cut off says at its end; undefined where it was not. */
export function cutText(
  shown: number,
  total: number | undefined,
  more = "--limit",
): string | undefined {
  if (total === undefined) return `there may be more: ${more} shows them`;
  if (shown >= total) return undefined;
  return `${grouped(shown)} of ${grouped(total)}; ${more} shows more`;
}

/** The first of many lines, and how many are left out. */
export function few(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  const rest = grouped(lines.length - most);
  return [...lines.slice(0, most), `… and ${rest} more (--json tells all)`];
}

/** Of an option that names a feed to order in. */
export const feedHelp = (usual: string): string =>
  `urgent, reputation or org/<id> (default: ${usual}; org/<own> for an org's people)`;

/** What the feeds are for, under a command that takes one. */
export const FEEDS_HELP = `
Feeds:
  urgent      for all hosts, at once: what somebody or a rule just decided
  reputation  for all hosts: imported lists
  org/<id>    for the hosts of one org`;

/**
 * How many an option lets through.
 * @throws Failure where that is no number
 */
export function wholeNumber(text: string, option = "--limit"): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw misused(`${option} "${text}" is not a whole number`);
}
