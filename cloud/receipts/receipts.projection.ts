import type { ObservationProjection } from "../journal/view.js";
import { keptReceipt, policyIn } from "./kept-receipt.js";

/** What agents answered: receipts and refusals, as the journal holds them. */
export const receiptTables: ObservationProjection = {
  tables: `
    CREATE TABLE receipts (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      feed TEXT NOT NULL, epoch TEXT NOT NULL, last INTEGER NOT NULL,
      mode TEXT NOT NULL, receipt TEXT NOT NULL
    ) STRICT;
    CREATE INDEX receipts_by_place ON receipts (feed, epoch, last);
    CREATE INDEX receipts_by_agent ON receipts (agent, feed, epoch, last);
    CREATE TABLE policies_told (
      agent TEXT PRIMARY KEY, policy INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE stands (
      agent TEXT NOT NULL, feed TEXT NOT NULL, epoch TEXT NOT NULL,
      last INTEGER NOT NULL, mode TEXT NOT NULL, seq INTEGER NOT NULL,
      PRIMARY KEY (agent, feed)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE refusals (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      feed TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX refusals_by_agent ON refusals (agent, feed);
    CREATE TABLE divergences (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      document TEXT NOT NULL, feed TEXT NOT NULL, epoch TEXT NOT NULL,
      last INTEGER NOT NULL, theirs TEXT NOT NULL, ours TEXT
    ) STRICT`,

  fold(database) {
    const addReceipt = database.prepare(
      "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    const tellPolicy = database.prepare(
      "INSERT OR REPLACE INTO policies_told VALUES (?, ?)",
    );
    // One that was carried here by hand may be of an earlier place.
    const stand = database.prepare(
      `INSERT INTO stands VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET epoch = excluded.epoch, last = excluded.last,
         mode = excluded.mode, seq = excluded.seq
       WHERE epoch <> excluded.epoch OR last <= excluded.last`,
    );
    const addRefusal = database.prepare(
      "INSERT INTO refusals VALUES (?, ?, ?, ?, ?, ?)",
    );
    const addDivergence = database.prepare(
      "INSERT INTO divergences VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    return ({ seq, at, event }) => {
      if (event.kind === "divergence") {
        const { agent, document, feed, epoch, offset, theirs, ours } = event;
        const place = [feed, epoch, offset, theirs, ours];
        addDivergence.run(seq, at, agent, document, ...place);
      } else if (event.kind === "receipt") {
        const receipt = keptReceipt(event.signed);
        const { position, mode } = receipt;
        const { feed, epoch, offset } = position;
        const { agent, signed } = event;
        addReceipt.run(seq, at, agent, feed, epoch, offset, mode, signed);
        tellPolicy.run(agent, policyIn(receipt));
        stand.run(agent, feed, epoch, offset, mode, seq);
      } else if (event.kind === "refusal") {
        const { agent, feed, code, detail } = event;
        addRefusal.run(seq, at, agent, feed, code, detail);
      }
    };
  },
};
