import type { ObservationProjection } from "../journal/view.js";

/** When agents were heard last, and what they came as; who they are, others say. */
export const presenceTables: ObservationProjection = {
  tables: `
    CREATE TABLE presence (
      agent TEXT PRIMARY KEY, last_seen INTEGER NOT NULL, version TEXT,
      protocol INTEGER, left_at INTEGER
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const heard = database.prepare(
      `INSERT INTO presence VALUES (?, ?, NULL, NULL, NULL)
       ON CONFLICT DO UPDATE SET last_seen = excluded.last_seen, left_at = NULL`,
    );
    const came = database.prepare(
      `INSERT INTO presence VALUES (?, ?, ?, ?, NULL)
       ON CONFLICT DO UPDATE SET last_seen = excluded.last_seen,
         version = excluded.version, protocol = excluded.protocol,
         left_at = NULL`,
    );
    const left = database.prepare(
      `INSERT INTO presence VALUES (@agent, @at, NULL, NULL, @at)
       ON CONFLICT DO UPDATE SET left_at = excluded.left_at`,
    );
    return ({ at, event }) => {
      if (event.kind === "agent-seen") {
        const { agent, version, protocol = 1 } = event;
        came.run(agent, at, version, protocol);
      } else if (event.kind === "agent-left") {
        left.run({ agent: event.agent, at });
      } else if (event.kind === "receipt" || event.kind === "telemetry") {
        heard.run(event.agent, at);
      }
    };
  },
};
