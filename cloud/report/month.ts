/** A month of UTC. Times are milliseconds since 1970. */
export interface Month {
  /** As "2026-11". */
  readonly name: string;
  readonly from: number;
  /** When the next one begins. */
  readonly to: number;
  readonly days: number;
}

/** Undefined for a text that is no month. */
export function monthOf(name: string): Month | undefined {
  const [, year, month] = /^(20\d\d)-(0[1-9]|1[0-2])$/.exec(name) ?? [];
  if (year === undefined || month === undefined) return undefined;
  const from = Date.UTC(Number(year), Number(month) - 1, 1);
  const to = Date.UTC(Number(year), Number(month), 1);
  return { name, from, to, days: Math.round((to - from) / DAY_MS) };
}

/** The one that a time is in. */
export const monthAt = (time: number): string =>
  new Date(time).toISOString().slice(0, 7);

const DAY_MS = 24 * 60 * 60 * 1000;
