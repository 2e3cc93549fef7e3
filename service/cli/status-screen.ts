import { printable } from "../../agent/log/printable.js";
import { countText, numberText } from "../../agent/text/count.js";
import { spanText } from "../../agent/text/time.js";
import type { FeedView } from "../control/feed-views.js";
import type { StatusView } from "../control/status-view.js";
import { chart, wrapped } from "../terminal/lines.js";
import type { Paint } from "../terminal/paint.js";
import { fromNow, localTime } from "../terminal/when.js";
import { policyLines } from "./policy-text.js";
import { problemsOf, STANDS_ALONE } from "./status-text.js";

/** How and when a screen is read. */
export interface Screen {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly paint: Paint;
  /** Characters of a line; undefined where a line may be as long as it is. */
  readonly room: number | undefined;
}

/** What a person wants to know first, on one screen of 80 columns. */
export function firstScreen(status: StatusView, screen: Screen): string {
  return [
    ...verdictLines(status, screen),
    "",
    ...rowsOf(status, screen).flatMap(([label, text]) =>
      rowLines(label, text, screen),
    ),
    "",
    ...problemLines(status, screen),
  ].join("\n");
}

/** A label, and its lines. */
type Row = readonly [string, readonly string[]];

const rowsOf = (status: StatusView, screen: Screen): readonly Row[] =>
  (
    [
      ["cloud", [cloudText(status, screen), ...carriedText(status, screen)]],
      ["bans", bansLines(status, screen)],
      ["stopped", stoppedLines(status, screen)],
      ["sensors", sensorLines(status, screen)],
      ["policy", policyText(status)],
      ["host", [hostText(status)]],
    ] as const
  ).filter(([, lines]) => lines.length > 0);

function rowLines(
  label: string,
  lines: readonly string[],
  { paint, room }: Screen,
): readonly string[] {
  const inner = room === undefined ? undefined : room - LABEL;
  const all = lines.flatMap((line) => wrapped(line, inner, "  "));
  return all.map(
    (line, i) => `${paint.dim((i === 0 ? label : "").padEnd(LABEL))}${line}`,
  );
}

/** Characters in front of each row. */
const LABEL = 9;

/** Whether this host is protected, since when, and what to do if it is not. */
function verdictLines(
  { verdict }: StatusView,
  { now, paint, room }: Screen,
): readonly string[] {
  const tone = TONES[verdict.does];
  const advice = verdict.findings[0]?.advice ?? null;
  const since = `since ${localTime(verdict.since, now)}, for ${spanText(now - Date.parse(verdict.since))}`;
  return [
    ...wrapped(verdict.text, room).map((line) => paint[tone](paint.bold(line))),
    ...(advice === null ? [] : wrapped(`  ${advice}`, room, "  ")),
    `  ${since}`,
  ];
}

const TONES = {
  enforcing: "good",
  degraded: "warning",
  not: "bad",
} as const satisfies Readonly<
  Record<StatusView["verdict"]["does"], keyof Paint>
>;

function cloudText({ cloud }: StatusView, { now, paint }: Screen): string {
  if (cloud.at === "none") return STANDS_ALONE;
  const lasts = spanText(now - Date.parse(cloud.since));
  if (cloud.at === "up") {
    const behind = cloud.caughtUp ? "" : "; catching up";
    return `connected to ${cloud.address ?? "?"} for ${lasts}${behind}`;
  }
  const next = cloud.next === null ? "" : `, tried again ${soon(cloud, now)}`;
  const lost = paint.warning(`not connected for ${lasts}`);
  return `${lost}${next} (${printable(cloud.why ?? "?")}); bans stay in force until they expire`;
}

const soon = ({ next }: StatusView["cloud"], now: number): string =>
  next === null || Date.parse(next) <= now ? "now" : fromNow(next, now);

/** Where no link goes, this is how old the cloud's word is. */
const carriedText = (
  { carried }: StatusView,
  { now }: Screen,
): readonly string[] =>
  carried === null
    ? []
    : [
        `a bundle made ${fromNow(carried.madeAt, now)} was carried here ${fromNow(carried.appliedAt, now)}`,
      ];

function bansLines(
  { feeds, mode }: StatusView,
  screen: Screen,
): readonly string[] {
  const shown = feeds.filter(({ bans, observed }) => bans + observed > 0);
  const held = feeds.reduce((sum, each) => sum + each.held, 0);
  const names = Math.max(0, ...shown.map(({ feed }) => feed.length));
  const counts = shown.map(({ bans }) => numberText(bans));
  const digits = Math.max(0, ...counts.map(({ length }) => length));
  return [
    ...(shown.length === 0 ? ["none"] : []),
    ...shown.map((view, i) => {
      const count = (counts[i] ?? "").padStart(digits);
      return `${view.feed.padEnd(names)}  ${count}${observedText(view)}${newestText(view, screen)}`;
    }),
    ...(mode === "observe" ? ["all of them are only observed now"] : []),
    ...(held === 0 ? [] : [`${numberText(held)} held: tourniquet bans --held`]),
  ];
}

const observedText = ({ observed }: FeedView): string =>
  observed === 0 ? "" : ` and ${numberText(observed)} observed`;

function newestText({ newest }: FeedView, { now, paint }: Screen): string {
  if (newest === null) return "";
  const { at, bans, reason } = newest;
  const many = bans === 1 ? "" : ` (${numberText(bans)})`;
  const why = reason === "" ? "" : `: ${printable(reason, LONGEST_REASON)}`;
  return paint.dim(`  newest ${fromNow(at, now)}${many}${why}`);
}

/** So that a row is no longer than a line. */
const LONGEST_REASON = 28;

/** What bans matched, with a small chart of the last hour. */
function stoppedLines(
  { lastHour, hits, mode }: StatusView,
  { now, paint }: Screen,
): readonly string[] {
  const { since, packets, each } = lastHour;
  const ms = now - Date.parse(since);
  const window =
    ms > ALMOST_AN_HOUR ? "in the last hour" : `in ${spanText(ms)}`;
  const verb = mode === "observe" ? " seen" : "";
  const sum = `${countText(packets, "packet")}${verb} ${window}; ${numberText(hits.packets)} in all (tourniquet hits)`;
  if (packets === 0) return [sum];
  const scale = paint.dim(`busiest 2 min: ${numberText(Math.max(...each))}`);
  return [sum, `${chart(each)}  ${scale}`];
}

/** Milliseconds. */
const ALMOST_AN_HOUR = 57 * 60_000;

const sensorLines = (
  { sensors }: StatusView,
  { now }: Screen,
): readonly string[] =>
  sensors.map(({ name, source, failures, newest }) => {
    const seen = countText(failures, "failed login");
    const heard =
      newest === null
        ? "nothing read yet"
        : `last heard ${fromNow(newest, now)}`;
    return `${printable(name)} reads ${printable(source)}: ${seen}, ${heard}`;
  });

const policyText = ({ policy }: StatusView): readonly string[] =>
  policyLines(policy).map((line) => line.replace(/^policy: /, ""));

const hostText = ({ identity, version }: StatusView): string =>
  identity === null
    ? `tourniquet ${version}`
    : `${printable(identity.agent)} of ${printable(identity.org)}, tourniquet ${version}`;

function problemLines(
  status: StatusView,
  { now, paint, room }: Screen,
): readonly string[] {
  const problems = problemsOf(status, now);
  if (problems.length === 0) {
    return status.verdict.does === "enforcing"
      ? [paint.dim("nothing is wrong that this host knows of")]
      : [paint.dim("tourniquet doctor looks for the cause")];
  }
  const shown = problems.slice(0, MOST_PROBLEMS);
  const more = problems.length - shown.length;
  return [
    ...shown.flatMap((each) =>
      wrapped(`! ${each}`, room, "  ").map((line) => paint.warning(line)),
    ),
    ...(more > 0 ? [`! and ${more} more: tourniquet status --verbose`] : []),
  ];
}

/** With all else that is always shown, one screen. */
const MOST_PROBLEMS = 4;
