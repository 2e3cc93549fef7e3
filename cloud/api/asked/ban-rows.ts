import type * as v from "valibot";
import { formatCidr } from "../../../agent/model/cidr.js";
import { csvLine, CSV_END } from "../../../agent/text/csv.js";
import type { ListedBan } from "../../feeds/catalogue/browsing.js";
import type { Ban } from "../routes/ban-list.js";

/** How lists of bans are carried away. */
export const rowFormats = ["csv", "jsonl"] as const;
export type RowFormat = (typeof rowFormats)[number];

/** How rows are written: without a schema, since there may be a million. */
export interface RowWriter {
  readonly media: string;
  /** Before all rows. */
  readonly head: string;
  /** A row, its end included. */
  readonly row: (ban: ListedBan) => string;
}

/** As `GET /bans` tells it. */
function told(ban: ListedBan): Told {
  const { cidr, expiresAt, observed, rings, reason, decision, since } = ban;
  return {
    ...{ range: formatCidr(cidr), feed: ban.feed, until: time(expiresAt) },
    observed,
    rings: rings
      ? {
          ...{ canary: time(rings.canary), early: time(rings.early) },
          ...{ broad: time(rings.broad), all: time(rings.all) },
        }
      : null,
    ...{ reason, decision, since: new Date(since).toISOString() },
  };
}

type Told = Omit<v.InferOutput<typeof Ban>, "coverage" | "since"> & {
  readonly since: string;
};

/** @param seconds since 1970 */
const time = (seconds: number): string =>
  new Date(seconds * 1_000).toISOString();

const COLUMNS = [
  ...["range", "feed", "until", "observed", "allRings"],
  ...["reason", "decision", "since"],
] as const;

export const rowWriters: Readonly<Record<RowFormat, RowWriter>> = {
  csv: {
    media: "text/csv",
    head: csvLine(COLUMNS) + CSV_END,
    row: (ban) => {
      const { rings, ...each } = told(ban);
      const cells = { ...each, allRings: rings?.all ?? null };
      return csvLine(COLUMNS.map((name) => cells[name])) + CSV_END;
    },
  },
  jsonl: {
    ...{ media: "application/jsonl", head: "" },
    row: (ban) => `${JSON.stringify(told(ban))}\n`,
  },
};
