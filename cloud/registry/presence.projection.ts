import type { ObservationProjection } from "../journal/view.js";

/** When agents were heard last, and what they came as; who they are, others say. */
export const presenceTables: ObservationProjection = {
  tables: `
    CREATE TABLE presence (
      agent TEXT PRIMARY KEY, last_seen INTEGER NOT NULL, version TEXT,
      protocol INTEGER
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const heard = database.prepare(
      `INSERT INTO presence VALUES (?, ?, NULL, NULL)
       ON CONFLICT DO UPDATE SET last_seen = excluded.last_seen`,
    );
    const came = database.prepare(
      `INSERT INTO presence VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET last_seen = excluded.last_seen,
         version = excluded.version, protocol = excluded.protocol`,
    );
    return ({ at, event }) => {
      if (event.kind === "agent-seen") {
        const { agent, version, protocol = 1 } = event;
        came.run(agent, at, version, protocol);
      } else if (event.kind === "receipt" || event.kind === "telemetry") {
        heard.run(event.agent, at);
      }
    };
  },
};
