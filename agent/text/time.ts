/** Milliseconds since 1970 as ISO 8601 in UTC, to the millisecond. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/**
 * A moment for people: ISO 8601 in UTC to the second, which sorts, can be pasted
 * and means the same on every host. Milliseconds since 1970, or ISO 8601.
 */
export const timeText = (moment: number | string): string =>
  new Date(moment).toISOString().replace(/\.\d{3}Z$/, "Z");

/** "40 s", "12 min", "3 h 5 min" or "2 d 4 h", of milliseconds. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return two(hours, "h", minutes % 60, "min");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

const two = (most: number, unit: string, rest: number, lesser: string) =>
  rest === 0 ? `${most} ${unit}` : `${most} ${unit} ${rest} ${lesser}`;
