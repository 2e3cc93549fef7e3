const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** "64 MB": so many bytes, roughly. */
export function size(bytes: number): string {
  const at = Math.min(
    UNITS.length - 1,
    Math.floor(Math.log10(Math.max(1, bytes)) / 3),
  );
  const value = bytes / 1_000 ** at;
  const shown = value < 10 && at > 0 ? value.toFixed(1) : Math.round(value);
  return `${shown} ${UNITS[at] ?? "B"}`;
}
