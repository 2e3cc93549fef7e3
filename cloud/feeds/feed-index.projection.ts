import type { DecisionProjection } from "../journal/view.js";

/** Where each feed stands, and where in the journal each segment lies. */
export const indexTables: DecisionProjection = {
  tables: `
    CREATE TABLE feeds (
      feed TEXT PRIMARY KEY, epoch TEXT NOT NULL, last INTEGER NOT NULL,
      hash TEXT NOT NULL, log_bytes INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE segments (
      feed TEXT NOT NULL, epoch TEXT NOT NULL, last INTEGER NOT NULL,
      first INTEGER NOT NULL, hash TEXT NOT NULL, seq INTEGER NOT NULL,
      bytes INTEGER NOT NULL, log_bytes INTEGER NOT NULL,
      not_after INTEGER NOT NULL,
      PRIMARY KEY (feed, epoch, last)
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const begin = database.prepare(
      `INSERT INTO feeds VALUES (?, ?, 0, '${"0".repeat(64)}', 0)
       ON CONFLICT DO UPDATE SET epoch = excluded.epoch, last = 0,
         hash = excluded.hash, log_bytes = 0`,
    );
    const advance = database.prepare(
      "UPDATE feeds SET last = ?, hash = ?, log_bytes = log_bytes + ? WHERE feed = ?",
    );
    const addSegment = database.prepare(
      `INSERT INTO segments
       SELECT ?, ?, ?, ?, ?, ?, ?, log_bytes, ? FROM feeds WHERE feed = ?`,
    );
    return ({ seq, event }) => {
      if (event.kind === "feed-begun") {
        begin.run(event.feed, event.epoch);
      } else if (event.kind === "segment" || event.kind === "segment-emptied") {
        const { feed, epoch, first, last, hash, notAfter } = event;
        const size = "bytes" in event ? event.bytes.length : 0;
        advance.run(last, hash, size, feed);
        addSegment.run(
          ...[feed, epoch, last, first, hash, seq, size, notAfter, feed],
        );
      }
    };
  },
};
