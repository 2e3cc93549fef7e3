const NAMES = new Intl.DateTimeFormat("en", {
  ...{ month: "long", year: "numeric", timeZone: "UTC" },
});
const DAYS = new Intl.DateTimeFormat("en", {
  ...{ day: "numeric", month: "long", year: "numeric", timeZone: "UTC" },
});

const SHORT_DAYS = new Intl.DateTimeFormat("en", {
  ...{ day: "numeric", month: "short", year: "numeric", timeZone: "UTC" },
});

/** How far back one may choose. */
const MONTHS = 24;

/** "2026-11" and those before it, in UTC, the newest first. */
export function monthsUpTo(now: Date): readonly string[] {
  return Array.from({ length: MONTHS }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1))
      .toISOString()
      .slice(0, 7),
  );
}

/** "November 2026" */
export const monthName = (month: string): string => {
  const at = new Date(`${month}-01T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? month : NAMES.format(at);
};

/** "November 29, 2026", in UTC as all of a report. */
export const dayName = (at: string): string => DAYS.format(new Date(at));

/** "Nov 29, 2026" */
export const shortDay = (at: string): string => SHORT_DAYS.format(new Date(at));

/** How long something took, as people say it. */
export function tookSays(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = seconds / 60;
  return minutes < 90
    ? `${Math.round(minutes)} min`
    : `${Math.round(minutes / 60)} h`;
}
