import Table from "cli-table3";

/** Columns without lines, for terminals and for `awk` alike. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const drawn = new Table({
    head: [...head],
    chars: NO_LINES,
    style: { head: [], "padding-left": 0, "padding-right": 2 },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const NO_LINES = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid"],
    ...["bottom-left", "bottom-right", "left", "left-mid", "mid", "mid-mid"],
    ...["right", "right-mid", "middle"],
  ].map((place) => [place, ""]),
);
