import type { Io } from "./io.js";

/** What `--json` prints, wherever a command has it. */
export const JSON_HELP =
  "one line of JSON for each item, as the API gives it (docs/openapi.json)";

/** Each item as one line. */
export function jsonLines(io: Pick<Io, "out">, items: Iterable<unknown>): void {
  for (const item of items) io.out(JSON.stringify(item));
}
